#include "actors/kubernetes/container_args.hpp"

#include <gtest/gtest.h>

namespace synapse::kubernetes {
namespace {

struct context_case {
  const char* name;
  arguments args;
  std::optional<std::int64_t> size;
  arguments with_32768;
};

class context_sizes : public testing::TestWithParam<context_case> {};

TEST_P(context_sizes, are_read_and_replaced) {
  const auto& one = GetParam();
  EXPECT_EQ(context_size(one.args), one.size);
  const auto changed = with_context_size(one.args, {}, 32768);
  ASSERT_TRUE(changed) << changed.error;
  EXPECT_EQ(*changed, one.with_32768);
  EXPECT_EQ(context_size(*changed), 32768);
}

INSTANTIATE_TEST_SUITE_P(
    all, context_sizes,
    testing::Values(
        context_case{"two_words",
                     {"--host", "0.0.0.0", "--ctx-size", "16384", "--jinja"},
                     16384,
                     {"--host", "0.0.0.0", "--ctx-size", "32768", "--jinja"}},
        context_case{"one_word", {"--ctx-size=1", "-v"}, 1, {"--ctx-size=32768", "-v"}},
        context_case{"short_form", {"-c", "4096", "-v"}, 4096, {"-c", "32768", "-v"}},
        context_case{"underscore", {"--ctx_size", "4096"}, 4096, {"--ctx_size", "32768"}},
        context_case{"underscore_one_word", {"--ctx_size=4096"}, 4096, {"--ctx_size=32768"}},
        context_case{"absent", {"--jinja"}, {}, {"--jinja", "--ctx-size", "32768"}},
        context_case{"no_arguments", {}, {}, {"--ctx-size", "32768"}},
        context_case{"several_the_last_one_counts",
                     {"-c", "1", "--ctx-size", "2", "--ctx-size=3"},
                     3,
                     {"-c", "32768", "--ctx-size", "32768", "--ctx-size=32768"}},
        context_case{"zero_is_the_models_own", {"-c", "0"}, 0, {"-c", "32768"}},
        context_case{"negative", {"--ctx-size", "-1"}, -1, {"--ctx-size", "32768"}},
        context_case{"value_missing_at_the_end", {"--ctx-size"}, {}, {"--ctx-size", "32768"}},
        context_case{"value_missing_before_an_option",
                     {"--ctx-size", "--port", "80"},
                     {},
                     {"--ctx-size", "32768", "--port", "80"}},
        context_case{"no_number", {"--ctx-size", "16k"}, {}, {"--ctx-size", "32768"}},
        context_case{"too_large_for_a_number",
                     {"--ctx-size", "99999999999999999999"},
                     {},
                     {"--ctx-size", "32768"}},
        context_case{"variable", {"-c", "$(CTX)"}, {}, {"-c", "32768"}},
        context_case{"empty_value", {"--ctx-size="}, {}, {"--ctx-size=32768"}},
        context_case{"names_that_only_begin_like_it",
                     {"--ctx-size-draft", "5", "--ctx-sizes=6", "-cb"},
                     {},
                     {"--ctx-size-draft", "5", "--ctx-sizes=6", "-cb", "--ctx-size", "32768"}},
        context_case{"a_shell_that_passes_its_words_on",
                     {"-c", "exec llama-server \"$@\"", "--", "--ctx-size", "5"},
                     5,
                     {"-c", "exec llama-server \"$@\"", "--", "--ctx-size", "32768"}}),
    [](const auto& which) { return which.param.name; });

TEST(context_sizes_of_shells, that_stand_in_a_text_cannot_be_changed) {
  const arguments none;
  const arguments text{"-c", "llama-server --ctx-size 16384"};
  for (const auto& [args, command] : std::vector<std::pair<arguments, arguments>>{
           {text, none},
           {text, {"/bin/sh"}},
           {none, {"/bin/bash", "-c", "exec llama-server"}},
           {{"sh", "-ec", "llama-server"}, none}}) {
    EXPECT_FALSE(context_size(args));
    const auto changed = with_context_size(args, command, 32768);
    ASSERT_FALSE(changed);
    EXPECT_NE(changed.error.find("a shell runs a text"), std::string::npos) << changed.error;
  }
}

TEST(context_sizes_of_commands, do_not_hinder_arguments_behind_them) {
  const auto changed = with_context_size({}, {"/app/llama-server", "--ctx-size", "1"}, 2);
  ASSERT_TRUE(changed) << changed.error;
  EXPECT_EQ(*changed, (arguments{"--ctx-size", "2"}));
}

} // namespace
} // namespace synapse::kubernetes
