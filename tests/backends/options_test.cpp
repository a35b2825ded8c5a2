#include "backends/llama/schema_sample.hpp"
#include "backends/options.hpp"
#include "backends/server/misbehavior.hpp"
#include "backends/server/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::backends {
namespace {

using testing::HasSubstr;
using action = command_line::action;

TEST(command_line, has_the_usual_ports_and_stays_on_loopback) {
  auto parsed = parse_command_line({});
  ASSERT_EQ(parsed.what, action::run);
  EXPECT_EQ(parsed.host.host, "127.0.0.1");
  EXPECT_FALSE(parsed.host.allow_misbehave);
  EXPECT_EQ(parsed.host.llama_embed->first.port, 8081);
  EXPECT_EQ(parsed.host.llama_router->first.port, 8082);
  EXPECT_EQ(parsed.host.llama_router->second.pool.models.size(), 3U);
  EXPECT_EQ(parsed.host.chatterbox_tts->first.port, 8004);
  EXPECT_EQ(parsed.host.whisper_stt->first.port, 8010);
  EXPECT_EQ(parsed.host.pyannote_speaker->first.port, 8011);
  EXPECT_EQ(parsed.host.deepfilter_audio->first.port, 8012);
}

TEST(command_line, takes_values_in_both_forms) {
  auto parsed = parse_command_line({"--llama-embed", "off", "--llama-router=0", "--models-max=1",
                                    "--tokens-per-second", "0", "--router-behavior", "old",
                                    "--router-model", "a=b=coder", "--failing-model", "bad"});
  ASSERT_EQ(parsed.what, action::run) << parsed.problem;
  EXPECT_FALSE(parsed.host.llama_embed);
  const auto& router = parsed.host.llama_router->second;
  EXPECT_EQ(router.pool.models_max, 1U);
  EXPECT_EQ(router.speed.tokens_per_second, 0);
  EXPECT_EQ(router.pool.behavior, router_behavior::old_builds);
  EXPECT_EQ(router.pool.models.at(3).id, "a=b");
  EXPECT_EQ(router.pool.models.at(3).kind, model_kind::coder);
  EXPECT_TRUE(router.pool.models.at(4).fails);
}

TEST(command_line, stand_ins_run_only_when_they_are_asked_for) {
  auto usual = parse_command_line({});
  EXPECT_FALSE(usual.host.ollama || usual.host.vllm || usual.host.speaches || usual.host.piper);
  auto parsed = parse_command_line({"--vllm", "0", "--with", "ollama,vllm", "--vllm-sleep-mode",
                                    "--ollama-tokens-per-second", "15", "--ollama-model", "q=x+y"});
  ASSERT_EQ(parsed.what, action::run) << parsed.problem;
  EXPECT_EQ(parsed.host.ollama->first.port, 8013);
  EXPECT_EQ(parsed.host.vllm->first.port, 0) << "what was said goes before the usual";
  EXPECT_FALSE(parsed.host.piper);
  EXPECT_TRUE(parsed.host.vllm->second.sleep_mode);
  EXPECT_EQ(parsed.host.vllm->second.speed.tokens_per_second, 60);
  EXPECT_EQ(parsed.host.ollama->second.speed.tokens_per_second, 15);
  EXPECT_EQ(parsed.host.ollama->second.models.at(2).name, "q:latest");
  EXPECT_TRUE(parsed.host.ollama->second.models.at(2).can("y"));
}

TEST(command_line, ollama_looks_at_the_host_field_on_loopback_only) {
  EXPECT_TRUE(parse_command_line({"--with", "ollama"}).host.ollama->second.check_host);
  auto wide = parse_command_line({"--with", "ollama", "--host", "0.0.0.0"});
  EXPECT_FALSE(wide.host.ollama->second.check_host);
}

TEST(command_line, names_the_nearest_option) {
  auto parsed = parse_command_line({"--token-per-seconds", "3"});
  EXPECT_EQ(parsed.what, action::refuse);
  EXPECT_THAT(parsed.problem, HasSubstr("--tokens-per-second?"));
}

TEST(command_line, refuses_what_makes_no_sense) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--parallel", "0"},
           {"--parallel", "four"},
           {"--parallel"},
           {"--llama-embed", "70000"},
           {"--log=yes"},
           {"stray"},
           {"--docs", "/no/such/folder"},
           {"--misbehave", "explode"},
           {"--misbehave", "whisper=cut:1"},
           {"--router-model", "x=poet"},
           {"--router-model", "local-docs=echo"},
           {"--audio-health", "fine"},
           {"--stt-ping-interval", "0"},
           {"--with", ""},
           {"--with", "ollama,triton"},
           {"--ollama-max-queue", "0"},
           {"--ollama-model", "llama3.1:8b"},
           {"--piper-routes", "other"},
           {"--piper-voice", "nobody"},
           {"--stand-in-words", "poem"},
           {"--llama-embed", "off", "--llama-router", "off", "--chatterbox-tts", "off",
            "--whisper-stt", "off", "--pyannote-speaker", "off", "--deepfilter-audio", "off"}}) {
    auto parsed = parse_command_line(arguments);
    EXPECT_EQ(parsed.what, action::refuse) << arguments.front();
    EXPECT_FALSE(parsed.problem.empty());
  }
}

TEST(command_line, gives_misbehaviors_to_their_service) {
  auto parsed =
      parse_command_line({"--misbehave", "llama-embed=status:503", "--misbehave", "no-done"});
  EXPECT_EQ(parsed.host.llama_embed->first.misbehaviors.size(), 2U);
  EXPECT_EQ(parsed.host.llama_router->first.misbehaviors.size(), 1U);
}

TEST(command_line, the_help_names_every_option_and_misbehavior) {
  auto text = help_text();
  for (auto name :
       {"--llama-embed", "--models-max", "--ports-file", "--with", "hang-mid-stream", "cr-events"})
    EXPECT_THAT(text, HasSubstr(name));
}

TEST(misbehavior, is_a_list_with_an_optional_path) {
  std::string problem;
  auto parsed = parse_misbehavior("slow-body:5,cut:70,lie-length:-3@/v1/chat", problem);
  ASSERT_TRUE(parsed) << problem;
  EXPECT_EQ(parsed->plan.slow_body->count(), 5);
  EXPECT_EQ(parsed->plan.cut_after_bytes, 70U);
  EXPECT_EQ(parsed->plan.lie_length, -3);
  EXPECT_EQ(parsed->path_prefix, "/v1/chat");
}

TEST(misbehavior, says_what_is_wrong_with_a_spec) {
  for (auto spec : {"", "explode", "cut", "cut:", "cut:-1", "cut:1x", "no-done:3", "status:99"}) {
    std::string problem;
    EXPECT_FALSE(parse_misbehavior(spec, problem)) << spec;
    EXPECT_FALSE(problem.empty()) << spec;
  }
}

TEST(misbehavior, is_used_up) {
  std::string problem;
  misbehavior_book book;
  book.add(*parse_misbehavior("status:500@/v1", problem), 2);
  EXPECT_FALSE(book.take("/health"));
  EXPECT_TRUE(book.take("/v1/chat"));
  EXPECT_TRUE(book.take("/v1/chat"));
  EXPECT_FALSE(book.take("/v1/chat"));
  book.add(*parse_misbehavior("status:500", problem), 0);
  EXPECT_TRUE(book.take("/"));
  EXPECT_TRUE(book.take("/"));
  book.add(*parse_misbehavior("none", problem), 1);
  EXPECT_FALSE(book.take("/"));
}

TEST(request, splits_a_target) {
  request in;
  parse_target("/slots?model=a%20b&autoload=true&flag&x=1+2", in);
  EXPECT_EQ(in.path, "/slots");
  EXPECT_EQ(in.query_value("model"), "a b");
  EXPECT_EQ(in.query_value("autoload"), "true");
  EXPECT_EQ(in.query_value("flag"), "");
  EXPECT_EQ(in.query_value("x"), "1 2");
}

TEST(schema_sample, fits_the_schema) {
  auto schema = json::parse(R"({"type":"object","properties":{
    "city":{"type":"string"},"unit":{"enum":["c","f"]},"days":{"type":"integer","minimum":2},
    "tags":{"type":"array","items":{"type":"boolean"},"minItems":2},"left":{"type":"string"}},
    "required":["city","unit","days","tags"]})");
  EXPECT_EQ(sample_from_schema(schema, "Oslo").dump(),
            R"({"city":"Oslo","unit":"c","days":2,"tags":[true,true]})");
}

} // namespace
} // namespace synapse::backends
