#include "app/options.hpp"
#include "config/environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace synapse::app {
namespace {

using action = options::action;
using testing::HasSubstr;
using testing::Not;

options parse(const std::vector<std::string_view>& arguments) {
  return parse_options(arguments);
}

/// What is wrong with these arguments; "" when nothing is.
std::string problem_of(const std::vector<std::string_view>& arguments) {
  const auto result = parse(arguments);
  EXPECT_EQ(result.what == action::refuse, !result.problem.empty())
      << "refused with a reason and never otherwise: " << result.problem;
  return result.problem;
}

// ---- what is understood ----

TEST(command_line_options, run_the_gateway_by_default) {
  const auto result = parse({});
  EXPECT_EQ(result.what, action::run);
  EXPECT_FALSE(result.config_path) << "the environment decides";
  EXPECT_EQ(result.port_file, "");
  EXPECT_EQ(result.problem, "");
}

TEST(command_line_options, name_the_configuration_file) {
  for (const auto& arguments : std::vector<std::vector<std::string_view>>{
           {"--config", "/etc/a.yaml"}, {"--config=/etc/a.yaml"}}) {
    const auto result = parse(arguments);
    EXPECT_EQ(result.what, action::run);
    EXPECT_EQ(result.config_path, "/etc/a.yaml");
    EXPECT_EQ(result.port_file, "");
  }
}

TEST(command_line_options, name_the_port_file) {
  for (const auto& arguments : std::vector<std::vector<std::string_view>>{
           {"--port-file", "port", "--config", "a"}, {"--config=a", "--port-file=port"}}) {
    const auto result = parse(arguments);
    EXPECT_EQ(result.what, action::run);
    EXPECT_EQ(result.config_path, "a");
    EXPECT_EQ(result.port_file, "port");
  }
  EXPECT_FALSE(parse({"--port-file", "port"}).config_path);
}

TEST(command_line_options, check_a_configuration_instead) {
  for (const auto& arguments : std::vector<std::vector<std::string_view>>{
           {"--check-config", "a.yaml"}, {"--check-config=a.yaml"}}) {
    const auto result = parse(arguments);
    EXPECT_EQ(result.what, action::check_config);
    EXPECT_EQ(result.config_path, "a.yaml");
  }
}

TEST(command_line_options, name_a_file_of_litellms) {
  EXPECT_EQ(parse({"--litellm", "l.yaml"}).litellm, "l.yaml");
  EXPECT_EQ(parse({"--config=a", "--litellm=l.yaml"}).config_path, "a");
  EXPECT_FALSE(parse({"--litellm", "l.yaml"}).config_path) << "it may be alone";
  for (const auto& arguments : std::vector<std::vector<std::string_view>>{
           {"--check-config", "--litellm", "l.yaml"}, {"--litellm=l.yaml", "--check-config"}}) {
    const auto result = parse(arguments);
    EXPECT_EQ(result.what, action::check_config);
    EXPECT_EQ(result.litellm, "l.yaml");
    EXPECT_FALSE(result.config_path);
  }
  EXPECT_EQ(parse({"--litellm"}).what, action::refuse);
}

TEST(command_line_options, probe_readiness_unless_liveness_is_asked_for) {
  EXPECT_EQ(parse({"--probe"}).what, action::probe);
  EXPECT_EQ(parse({"--probe"}).probe_path, "/readyz");
  EXPECT_EQ(parse({"--probe", "readyz"}).probe_path, "/readyz");
  EXPECT_EQ(parse({"--probe", "livez"}).probe_path, "/livez");
  EXPECT_EQ(parse({"--probe=livez"}).probe_path, "/livez");
  for (const auto& arguments : std::vector<std::vector<std::string_view>>{
           {"--probe", "--config", "a.yaml"}, {"--config=a.yaml", "--probe"}}) {
    const auto result = parse(arguments);
    EXPECT_EQ(result.what, action::probe);
    EXPECT_EQ(result.probe_path, "/readyz");
    EXPECT_EQ(result.config_path, "a.yaml");
  }
}

TEST(command_line_options, show_help_and_version) {
  EXPECT_EQ(parse({"--help"}).what, action::help);
  EXPECT_EQ(parse({"-h"}).what, action::help);
  EXPECT_EQ(parse({"--version"}).what, action::version);
  EXPECT_EQ(parse({"--config", "a", "--help"}).what, action::help);
  EXPECT_EQ(parse({"--check-config", "a", "--version"}).what, action::version);
}

TEST(command_line_options, show_help_whatever_comes_behind_it) {
  EXPECT_EQ(parse({"--help", "--nonsense"}).what, action::help);
  EXPECT_EQ(parse({"--version", "--nonsense"}).what, action::version);
  EXPECT_EQ(parse({"--nonsense", "--help"}).what, action::refuse) << "but not what stands before";
}

TEST(command_line_options, take_the_last_of_several_values) {
  EXPECT_EQ(parse({"--config", "a", "--config=b"}).config_path, "b");
  EXPECT_EQ(parse({"--port-file=a", "--port-file", "b"}).port_file, "b");
  const auto result = parse({"--check-config", "a", "--config", "b"});
  EXPECT_EQ(result.config_path, "b");
  EXPECT_EQ(result.what, action::check_config) << "it is still only checked";
}

TEST(command_line_options, take_values_literally) {
  EXPECT_EQ(parse({"--config=a=b=c"}).config_path, "a=b=c");
  EXPECT_EQ(parse({"--config", "--strange name"}).config_path, "--strange name");
  EXPECT_EQ(parse({"--config", "a=b"}).config_path, "a=b");
  EXPECT_EQ(parse({"--config", " "}).config_path, " ");
  EXPECT_EQ(parse({"--config", "-"}).config_path, "-");
}

// ---- what is refused ----

TEST(command_line_options, refuse_an_option_without_its_value) {
  for (const std::string_view name : {"--config", "--check-config", "--port-file"}) {
    const auto expected = std::string{name} + " needs a file name";
    EXPECT_EQ(problem_of({name}), expected);
    EXPECT_EQ(problem_of({"--config", "a", name}), expected);
    EXPECT_EQ(problem_of({name, ""}), expected) << "an empty variable of the shell";
    const auto with_equals = std::string{name} + "=";
    EXPECT_EQ(problem_of({with_equals}), expected);
    EXPECT_EQ(problem_of({with_equals, "a"}), expected) << "the value is the empty one";
  }
}

TEST(command_line_options, refuse_to_probe_anything_else) {
  for (const auto& arguments : std::vector<std::vector<std::string_view>>{
           {"--probe", "health"}, {"--probe=health"}, {"--probe", "/readyz"}, {"--probe=/readyz"}})
    EXPECT_THAT(problem_of(arguments), HasSubstr("--probe asks livez or readyz, not \""));
  EXPECT_EQ(problem_of({"--probe="}), "--probe asks livez or readyz, not \"\"");
  EXPECT_EQ(problem_of({"--probe", ""}), "--probe asks livez or readyz, not \"\"");
}

TEST(command_line_options, refuse_what_they_do_not_know_and_tell_the_nearest_name) {
  const std::pair<std::string_view, std::string> slips[] = {
      {"--confg", "--config"},
      {"--confgi", "--config"},
      {"--Config", "--config"},
      {"--check-confg", "--check-config"},
      {"--check_config", "--check-config"},
      {"--portfile", "--port-file"},
      {"--hlep", "--help"},
      {"--porbe", "--probe"},
      {"--versoin", "--version"},
  };
  for (const auto& [slip, meant] : slips) {
    const auto problem = problem_of({slip, "value"});
    EXPECT_THAT(problem, HasSubstr("unknown argument \"" + std::string{slip} + "\""));
    EXPECT_THAT(problem, HasSubstr("(did you mean " + meant + "?)"));
  }
}

TEST(command_line_options, find_the_nearest_name_in_front_of_a_value) {
  const auto problem = problem_of({"--confg=/etc/a.yaml"});
  EXPECT_THAT(problem, HasSubstr("unknown argument \"--confg=/etc/a.yaml\""));
  EXPECT_THAT(problem, HasSubstr("(did you mean --config?)"));
}

TEST(command_line_options, suggest_nothing_where_nothing_is_near) {
  for (const std::string_view stray :
       {"stray", "a.yaml", "--", "-x", "--zzzzzzzzzzzz", "", "=", "--=", "--=x", "=x", "-h=x"}) {
    const auto problem = problem_of({stray});
    EXPECT_THAT(problem, HasSubstr("unknown argument \"" + std::string{stray} + "\""));
    EXPECT_THAT(problem, Not(HasSubstr("did you mean"))) << stray;
  }
}

TEST(command_line_options, refuse_an_unknown_argument_wherever_it_stands) {
  EXPECT_THAT(problem_of({"--config", "a", "stray"}), HasSubstr("\"stray\""));
  EXPECT_THAT(problem_of({"stray", "--config", "a"}), HasSubstr("\"stray\""));
  EXPECT_THAT(problem_of({"--port-file=p", "--check-config=c", "x"}), HasSubstr("\"x\""));
  EXPECT_THAT(problem_of({"one", "two"}), Not(HasSubstr("two"))) << "the first one";
}

TEST(command_line_options, show_strange_arguments_so_that_they_can_be_read) {
  const auto problem = problem_of({"a\nb\x1b[31m"});
  EXPECT_THAT(problem, Not(HasSubstr("\n")));
  EXPECT_THAT(problem, Not(HasSubstr("\x1b")));
  const std::string long_one(10'000, 'x');
  EXPECT_LT(problem_of({long_one}).size(), 200U);
}

// ---- help ----

TEST(command_line_help, tells_every_option_signal_and_variable) {
  const auto text = help_text();
  for (const auto* word : {"--config FILE", "--check-config FILE", "--port-file FILE", "--probe",
                           "--version", "--help", "SIGHUP", "SIGTERM", "SIGINT"})
    EXPECT_THAT(text, HasSubstr(word));
  for (const auto& variable : config::known_variables())
    EXPECT_THAT(text, HasSubstr(std::string{variable.name}));
  EXPECT_TRUE(text.ends_with("\n"));
}

TEST(command_line_help, names_no_option_that_is_refused) {
  const auto text = help_text();
  for (auto at = text.find("--"); at != std::string::npos; at = text.find("--", at)) {
    const auto end = text.find_first_of(" \n]", at);
    const auto name = text.substr(at, end - at);
    const std::string_view value = name == "--probe" ? "livez" : "value";
    EXPECT_NE(parse({name, value}).what, action::refuse) << name;
    at = end;
  }
}

} // namespace
} // namespace synapse::app
