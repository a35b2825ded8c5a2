#include "http/core/request/request_id.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace synapse::http {
namespace {

TEST(request_id, valid_ones) {
  for (const std::string& id :
       {std::string("a"), std::string("req-0123456789abcdef01234567"),
        std::string("A.b_c:d/e+f=g@h-"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        std::string(128, 'x')}) {
    EXPECT_TRUE(valid_request_id(id)) << id;
    EXPECT_EQ(request_id::keep_or_make(id).view(), id);
  }
}

TEST(request_id, every_byte) {
  const std::string_view good =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/+=@-";
  for (int c = 0; c < 256; ++c) {
    const char byte = static_cast<char>(c);
    EXPECT_EQ(valid_request_id(std::string_view(&byte, 1)),
              good.find(byte) != std::string_view::npos)
        << c;
  }
}

TEST(request_id, invalid_ones_are_replaced) {
  for (const std::string& id :
       {std::string(), std::string(129, 'x'), std::string("a b"), std::string("a\r\nX: y"),
        std::string("a\0", 2), std::string("\xc3\xa4")}) {
    EXPECT_FALSE(valid_request_id(id));
    const request_id made = request_id::keep_or_make(id);
    EXPECT_NE(made.view(), id);
    EXPECT_TRUE(made.view().starts_with("req-"));
  }
}

TEST(request_id, made_ones) {
  const request_id id = request_id::make();
  EXPECT_EQ(id.view().size(), 28u);
  EXPECT_TRUE(id.view().starts_with("req-"));
  EXPECT_EQ(id.view().substr(4).find_first_not_of("0123456789abcdef"), std::string_view::npos);
  EXPECT_TRUE(valid_request_id(id));
  EXPECT_TRUE(request_id().empty());
  const request_id copy = id;
  EXPECT_EQ(copy.view(), id.view());
  EXPECT_NE(copy.view().data(), id.view().data());
}

TEST(request_id, differ_within_and_across_threads) {
  constexpr std::size_t per_thread = 50'000;
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& ids : made)
    threads.emplace_back([&ids] {
      for (std::size_t i = 0; i < per_thread; ++i)
        ids.emplace_back(request_id::make().view());
    });
  for (auto& t : threads)
    t.join();
  std::unordered_set<std::string> all;
  for (const auto& ids : made)
    all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), made.size() * per_thread);
}

} // namespace
} // namespace synapse::http
