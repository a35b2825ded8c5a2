#include "http/dialects/openai/chat_events_answer.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::http::openai {
namespace {

constexpr std::string_view events_type = "Content-Type: text/event-stream; charset=utf-8\r\n";

/// Writes down what it is told.
class noted final : public chat_events_answer {
public:
  explicit noted(std::size_t most = 1 << 20) : chat_events_answer(most) {}
  head client_head() const override { return {}; }

protected:
  progress on_chunk(const chat_chunk& chunk, std::string& out) override {
    if (chunk.content == R"("refuse")")
      return refuse("as it was told");
    out += chunk.has_choice ? "c" : "-";
    out += chunk.content;
    out += chunk.finish_reason;
    if (chunk.prompt_tokens >= 0)
      out += std::to_string(chunk.prompt_tokens);
    out += ';';
    return progress::more;
  }
  progress on_end(std::string& out) override {
    out += "END";
    return progress::more;
  }
  void on_comment(std::string& out) override { out += '#'; }
};

std::string content(const std::string& text) {
  return "data: " +
         nlohmann::json{{"choices", {{{"index", 0}, {"delta", {{"content", text}}}}}}}.dump() +
         "\n\n";
}
const std::string role_chunk =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
const std::string finish_chunk =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const std::string usage_chunk = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7}}\n\n";
const std::string done = "data: [DONE]\n\n";
const std::string stream =
    ": hello\n\n" + role_chunk + content("a") + content("b\n") + finish_chunk + usage_chunk + done;
const std::string stream_says = R"(#c;c"a";c"b\n";c"stop";-7;END)";

TEST(chat_events_answer, tells_each_chunk_and_the_end_however_the_network_has_cut_it) {
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    noted answer;
    const auto said = translate(answer, events_type, stream, piece);
    ASSERT_EQ(said.problem, "") << piece;
    ASSERT_EQ(said.text, stream_says) << piece;
    ASSERT_TRUE(said.ended);
  }
}

TEST(chat_events_answer, an_end_behind_a_reason_to_finish_is_a_good_one) {
  // Where the gateway itself adds the end mark that a server forgot.
  for (const auto& body : {content("a") + finish_chunk, content("a") + finish_chunk + usage_chunk,
                           content("a") + finish_chunk.substr(0, finish_chunk.size() - 2),
                           content("a") + finish_chunk + done.substr(0, done.size() - 2)}) {
    noted answer;
    const auto said = translate(answer, events_type, body);
    EXPECT_EQ(said.problem, "") << body;
    EXPECT_TRUE(said.text.ends_with("END")) << body;
    EXPECT_EQ(said.text.find("END"), said.text.size() - 3);
  }
}

TEST(chat_events_answer, cut_off_at_any_byte_before_that_it_is_never_a_success) {
  const auto finished = stream.find("\"stop\"}]}") + 9;
  for (std::size_t size = 0; size < stream.size(); ++size)
    for (const std::size_t piece : {std::size_t{1}, std::string_view::npos}) {
      noted answer;
      const auto said =
          translate(answer, events_type, std::string_view{stream}.substr(0, size), piece);
      const bool good = said.problem.empty();
      ASSERT_EQ(good, said.text.ends_with("END")) << size;
      ASSERT_TRUE(size >= finished || !good) << size;
      ASSERT_TRUE(
          stream_says.starts_with(good ? said.text.substr(0, said.text.size() - 3) : said.text))
          << size;
    }
}

TEST(chat_events_answer, an_end_mark_behind_nothing_is_no_end) {
  for (const auto& body :
       {done, role_chunk + done, usage_chunk + done, std::string{}, role_chunk}) {
    noted answer;
    const auto said = translate(answer, events_type, body);
    EXPECT_NE(said.problem, "") << body;
    EXPECT_EQ(said.text.find("END"), std::string::npos);
    EXPECT_FALSE(answer.reported());
  }
}

TEST(chat_events_answer, each_choice_has_to_be_finished_where_no_end_mark_comes) {
  const std::string other = "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"x\"}}]}\n\n";
  noted cut;
  EXPECT_NE(translate(cut, events_type, content("a") + other + finish_chunk).problem, "");
  noted whole;
  const auto said = translate(whole, events_type, content("a") + other + finish_chunk + done);
  EXPECT_EQ(said.problem, "");
  EXPECT_EQ(said.text, R"(c"a";-;c"stop";END)");
}

TEST(chat_events_answer, an_error_in_any_of_its_forms_is_reported_with_the_backends_words) {
  struct row {
    std::string event, message;
    unsigned status;
    std::string type;
  };
  for (const auto& one : {
           row{"data: {\"error\":{\"code\":429,\"message\":\"slot "
               "failed\",\"type\":\"rate_limit\"}}\n\n",
               "slot failed", 429, "rate_limit"},
           row{"event: error\ndata: {\"error\":{\"message\":\"m\"}}\n\n", "m", 0, ""},
           row{"data: {\"error\":\"flat\"}\n\n", "flat", 0, ""},
           row{"data: {\"object\":\"error\",\"message\":\"old\",\"code\":400}\n\n", "old", 400, ""},
           row{"event: error\ndata: no JSON at all\n\n", "no JSON at all", 0, ""},
       })
    for (const auto& before : {std::string{}, role_chunk, content("a")}) {
      noted answer;
      const auto said = translate(answer, events_type, before + one.event + done);
      EXPECT_EQ(said.problem, one.message);
      EXPECT_EQ(said.text.find("END"), std::string::npos);
      const auto told = answer.reported();
      ASSERT_TRUE(told) << one.event;
      EXPECT_EQ(told->status, one.status) << one.event;
      const auto body = nlohmann::json::parse(told->body, nullptr, false);
      ASSERT_TRUE(body.is_object()) << told->body;
      EXPECT_TRUE(one.type.empty() || body["error"]["type"] == one.type) << told->body;
    }
}

TEST(chat_events_answer, what_is_no_chunk_is_no_answer) {
  for (const auto* bad :
       {"data: nonsense\n\n", "data: []\n\n", "data: {\"choices\":7}\n\n", "proxy error: cut\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":7}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}\n\n"}) {
    noted answer;
    const auto said = translate(answer, events_type, content("a") + bad + finish_chunk + done);
    EXPECT_NE(said.problem, "") << bad;
    EXPECT_EQ(said.text, R"(c"a";)") << bad;
    EXPECT_FALSE(answer.reported());
  }
  noted own;
  EXPECT_EQ(translate(own, events_type, content("refuse") + done).problem, "as it was told");
  noted blank;
  EXPECT_EQ(translate(blank, events_type, "data:\n\ndata: \n\n" + stream).problem, "");
}

TEST(chat_events_answer, events_are_bounded_and_other_types_are_no_stream) {
  noted small{40};
  EXPECT_EQ(translate(small, events_type, content(std::string(100, 'x'))).problem,
            "one of its events is too large");
  for (const auto* fields : {"Content-Type: application/json\r\n", "",
                             "Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"}) {
    noted answer;
    EXPECT_EQ(translate(answer, fields, stream).problem, "its answer is no event stream");
  }
}

} // namespace
} // namespace synapse::http::openai
