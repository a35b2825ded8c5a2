#include "routing/pick/affinity.hpp"
#include "routing/pick/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace synapse::routing {
namespace {

affinity_source texts(std::string_view model, std::string_view system, std::string_view user) {
  affinity_source from;
  from.model = model;
  from.system = system;
  from.user = user;
  return from;
}

affinity_source session(std::string_view id) {
  affinity_source from;
  from.session = id;
  return from;
}

std::size_t owner(std::uint64_t key, const std::vector<std::string>& ids,
                  const std::vector<double>& weights = {}) {
  std::size_t best = 0;
  double most = -1;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto score =
        rendezvous_score(key, deployment_hash(ids[i]), weights.empty() ? 1 : weights[i]);
    if (score > most) {
      most = score;
      best = i;
    }
  }
  return best;
}

// Replicas of different builds have to agree: a change here breaks a rolling upgrade's affinity.
TEST(affinity_key, is_the_same_in_every_build) {
  EXPECT_EQ(affinity_key(session("abc")), 15210187496024273343U);
  EXPECT_EQ(affinity_key(texts("llama", "You are kind.", "Hello there")), 14886573766552820698U);
  EXPECT_EQ(deployment_hash("vllm-a/llama"), 2547971837766998316U);
  EXPECT_EQ(owner(affinity_key(session("abc")), {"a", "b", "c", "d"}), 2U);
}

TEST(affinity_key, is_none_where_nothing_says_where_it_belongs) {
  EXPECT_EQ(affinity_key(affinity_source{}), 0U);
  EXPECT_EQ(affinity_key(texts("llama", "", "")), 0U);
}

TEST(affinity_key, takes_the_session_then_the_cache_key_then_the_texts) {
  auto from = texts("llama", "system", "user");
  const auto by_texts = affinity_key(from);
  from.cache_key = "k";
  const auto by_cache_key = affinity_key(from);
  from.session = "k";
  const auto by_session = affinity_key(from);
  EXPECT_EQ(by_session, affinity_key(session("k")));
  EXPECT_EQ((std::set{by_texts, by_cache_key, by_session}.size()), 3U);
}

TEST(affinity_key, differs_by_model_and_by_where_the_texts_end) {
  const std::set keys{affinity_key(texts("a", "bc", "d")),
                      affinity_key(texts("a", "b", "cd")),
                      affinity_key(texts("ab", "c", "d")),
                      affinity_key(texts("a", "bcd", "")),
                      affinity_key(texts("a", "", "bcd")),
                      affinity_key(texts("a", "bc", std::string_view("d\0", 2)))};
  EXPECT_EQ(keys.size(), 6U);
}

TEST(affinity_key, looks_at_no_more_than_4_kib) {
  const std::string system(100'000, 's');
  const std::string user(100'000, 'u');
  const auto key = affinity_key(texts("m", system, user));
  EXPECT_EQ(key, affinity_key(texts("m", system + "x", user + "x")));
  auto changed = user;
  changed[affinity_user_bytes - 1] = 'x';
  EXPECT_NE(key, affinity_key(texts("m", system, changed)));
  changed = user;
  changed[affinity_user_bytes] = 'x';
  EXPECT_EQ(key, affinity_key(texts("m", system, changed)));
  const std::string id(100'000, 'i');
  EXPECT_EQ(affinity_key(session(id)), affinity_key(session(id + "x")));
}

TEST(affinity_key, of_a_long_common_system_text_still_tells_users_apart) {
  const std::string system(10'000, 's');
  EXPECT_NE(affinity_key(texts("m", system, "one")), affinity_key(texts("m", system, "two")));
}

TEST(affinity_key, every_byte_of_a_text_counts) {
  std::string text(200, 'a');
  std::set<std::uint64_t> keys{affinity_key(session(text))};
  for (std::size_t i = 0; i < text.size(); ++i)
    for (const int bit : {0, 7}) {
      auto changed = text;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      keys.insert(affinity_key(session(changed)));
    }
  EXPECT_EQ(keys.size(), 401U);
}

TEST(rendezvous, shares_keys_by_weight) {
  std::vector<int> share(3);
  for (int i = 0; i < 30'000; ++i)
    ++share[owner(affinity_key(session(std::to_string(i))), {"a", "b", "c"}, {1, 2, 3})];
  EXPECT_NEAR(share[0], 5'000, 250);
  EXPECT_NEAR(share[1], 10'000, 350);
  EXPECT_NEAR(share[2], 15'000, 350);
}

TEST(rendezvous, only_the_keys_of_a_backend_that_leaves_move) {
  std::vector<int> moved_to(4);
  for (int i = 0; i < 10'000; ++i) {
    const auto key = affinity_key(session(std::to_string(i)));
    const auto before = owner(key, {"a", "b", "c", "d"});
    const auto after = owner(key, {"a", "b", "d"});
    if (before == 2)
      ++moved_to[after];
    else
      EXPECT_EQ(before < 2 ? before : 2, after);
  }
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(moved_to[i], 833, 120);
}

TEST(rendezvous, a_score_is_a_number_for_any_key) {
  random_source random(9);
  for (int i = 0; i < 100'000; ++i) {
    const auto score = rendezvous_score(random.next(), random.next(), 1);
    ASSERT_GT(score, 0);
    ASSERT_LT(score, 1e18);
  }
}

} // namespace
} // namespace synapse::routing
