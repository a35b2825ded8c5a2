#include "config/rules/gpu_rules.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

constexpr std::size_t gib = std::size_t{1} << 30;

struct gpu_rule : testing::Test {
  gpu_rule() {
    all.gpus["gpu0"].vram = 32 * gib;
    for (const char* name : {"a", "b"}) {
      auto& backend = all.backends[name];
      backend.type = backend_type::vllm;
      backend.gpu = "gpu0";
      backend.vram = {20 * gib, 2 * gib};
    }
    all.gpus["gpu0"].exclusive = {{"a", "b"}};
  }

  std::string check() const {
    report out;
    check_gpus(out, all);
    for (const auto& [name, backend] : all.backends)
      check_backend_use(out, "backends." + name + ".", backend, all);
    return render_with_levels(out.take());
  }
  backend_settings& a() { return all.backends["a"]; }

  settings all;
};

TEST_F(gpu_rule, two_that_take_turns_are_valid) {
  a().sleep.idle = milliseconds{60'000};
  EXPECT_EQ(check(), "");
}

TEST_F(gpu_rule, a_card_has_memory_and_a_name) {
  all.gpus["gpu1"].vram = 0;
  all.gpus["gpu 2"].vram = gib;
  EXPECT_EQ(check(),
            "gpus.gpu 2: a card's name is 1 to 64 letters, digits, \"-\", \"_\" and \".\", "
            "the first of them a letter or digit\n"
            "gpus.gpu 2.reserve: must be smaller than vram\n"
            "gpus.gpu1.vram: is required\n");
}

TEST_F(gpu_rule, exclusive_backends_are_on_the_card) {
  a().gpu.clear();
  a().vram = {};
  all.gpus["gpu0"].exclusive = {{"a", "b"}, {"b"}, {"b", "b", "c"}};
  EXPECT_EQ(check(),
            "gpus.gpu0.exclusive[0][0]: \"a\" is not on this card; write backends.a.gpu: gpu0\n"
            "gpus.gpu0.exclusive[1]: must name at least two backends\n"
            "gpus.gpu0.exclusive[2][1]: \"b\" stands there already\n"
            "gpus.gpu0.exclusive[2][2]: unknown backend \"c\" (did you mean \"a\"?)\n");
}

TEST_F(gpu_rule, models_fit_on_their_card) {
  a().vram = {32 * gib, 33 * gib};
  EXPECT_EQ(check(), "backends.a.vram.asleep: must not be more than vram.awake\n"
                     "backends.a.vram.awake: must be at most 31GiB: what \"gpu0\" has, less its "
                     "reserve\n");
  a().vram = {20 * gib, 0};
  a().persistent = all.backends["b"].persistent = true;
  EXPECT_EQ(check(), "gpus.gpu0.vram: is too small for the persistent backends together\n");
}

TEST_F(gpu_rule, a_card_that_is_not_there_is_told_with_the_nearest) {
  all.gpus["gpu0"].exclusive.clear();
  a().gpu = "gpu-0";
  EXPECT_EQ(check(), "backends.a.gpu: unknown card \"gpu-0\" (did you mean \"gpu0\"?)\n");
}

TEST_F(gpu_rule, only_vllm_sleeps_and_what_has_no_effect_is_warned_of) {
  all.gpus["gpu0"].exclusive.clear();
  a().sleep.level = 2;
  a().type = backend_type::ollama;
  EXPECT_EQ(check(), "backends.a.sleep: is for backends of type vllm\n");
  a().type = backend_type::vllm;
  a().gpu.clear();
  a().api_version = "2024";
  a().keep_alive = milliseconds{0};
  EXPECT_EQ(check(), "warning: backends.a.vram: has no effect without gpu\n"
                     "warning: backends.a.sleep: has no effect without gpu\n"
                     "warning: backends.a.api_version: has no effect on types other than azure\n"
                     "warning: backends.a.keep_alive: has no effect on types other than ollama\n");
}

TEST_F(gpu_rule, paid_types_want_a_key) {
  all.gpus.clear();
  all.backends.clear();
  a().type = backend_type::openrouter;
  EXPECT_EQ(check(), "") << "the client's own is passed on";
  a().authorization.forward = false;
  EXPECT_EQ(check(), "warning: backends.a.authorization: a backend of type openrouter wants a key: "
                     "set bearer_env or bearer_file\n");
  a().authorization.literal = "sk-secret-value";
  EXPECT_EQ(check(), "");
}

TEST_F(gpu_rule, a_key_goes_in_a_field_that_is_free) {
  a().authorization.bearer_env = "KEY";
  for (const char* name : {"api-key", "X-Api-Key"}) {
    a().authorization.header = name;
    EXPECT_EQ(check(), "") << name;
  }
  for (const char* name : {"x key", "x:", "x\r\ny"}) {
    a().authorization.header = name;
    EXPECT_EQ(check(), "backends.a.authorization.header: must be the name of a header field\n");
  }
  a().authorization.header = "Content-Length";
  EXPECT_EQ(check(),
            "backends.a.authorization.header: must not be a field that the gateway itself sets\n");
  a().authorization = {};
  a().authorization.header = "api-key";
  EXPECT_EQ(check(),
            "warning: backends.a.authorization.header: has no effect without bearer_env or "
            "bearer_file\n");
}

} // namespace
} // namespace synapse::config
