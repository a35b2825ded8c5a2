#include "http/dialects/openai/chat_stream.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace synapse::http {

void PrintTo(chat_event e, std::ostream* out) {
  *out << to_string(e);
}
void PrintTo(chat_end e, std::ostream* out) {
  *out << to_string(e);
}

namespace {

using ev = chat_event;

/// Sends a raw stream through scanner and watch; notes what each event was taken for.
struct watched {
  explicit watched(std::string_view stream) {
    sse_scanner scanner(1 << 20);
    sse_event event;
    std::size_t at = 0;
    while (scanner.next(stream.data() + at, stream.size() - at, event) == sse_status::event) {
      kinds.push_back(watch.on_event(event));
      at += event.size;
    }
    if (scanner.finish(stream.data() + at, stream.size() - at, event) == sse_status::event)
      kinds.push_back(watch.on_event(event));
  }
  chat_stream_watch watch;
  std::vector<chat_event> kinds;
};

std::string event(std::string_view json) {
  return "data: " + std::string(json) + "\n\n";
}

std::string chunk(std::string_view delta, std::string_view finish = "null", int index = 0) {
  return event("{\"choices\":[{\"finish_reason\":" + std::string(finish) +
               ",\"index\":" + std::to_string(index) + ",\"delta\":" + std::string(delta) +
               "}],\"created\":1790000000,\"id\":\"chatcmpl-4gX0bq2mYp1sTn7cRz9LwKdVh3uJf6aE\","
               "\"model\":\"qwen3-8b-q4\",\"system_fingerprint\":\"b9000-abc1234\","
               "\"object\":\"chat.completion.chunk\"}");
}

const std::string done = "data: [DONE]\n\n";

TEST(chat_stream_watch, llama_cpp) {
  const watched w(
      chunk(R"({"role":"assistant","content":null})") + ":\n\n" +
      chunk(R"({"reasoning_content":"Greeting"})") + chunk(R"({"content":"Hi"})") +
      chunk(R"({"content":" there"})") + chunk("{}", "\"stop\"") +
      event(R"({"choices":[],"created":1790000000,"id":"chatcmpl-4","model":"qwen3-8b-q4",)"
            R"("system_fingerprint":"b9000-abc1234","object":"chat.completion.chunk",)"
            R"("usage":{"completion_tokens":12,"prompt_tokens":20,"total_tokens":32},)"
            R"("timings":{"prompt_n":12,"prompt_ms":41.2}})") +
      done);
  EXPECT_EQ(w.kinds, (std::vector{ev::role_only, ev::other, ev::content, ev::content, ev::content,
                                  ev::finish, ev::usage, ev::done}));
  EXPECT_EQ(w.watch.at_end(), chat_end::complete);
  EXPECT_TRUE(w.watch.content_seen());
  EXPECT_TRUE(w.watch.finished());
  EXPECT_EQ(w.watch.prompt_tokens(), 20);
  EXPECT_EQ(w.watch.completion_tokens(), 12);
  EXPECT_EQ(w.watch.choices_seen(), 1u);
  EXPECT_EQ(w.watch.events(), 7u);
  EXPECT_EQ(w.watch.malformed(), 0u);
}

TEST(chat_stream_watch, counts_tokens_by_timings_where_no_usage_was_asked_for) {
  const auto with_timings = [](std::string_view timings) {
    return event(R"({"choices":[{"finish_reason":"stop","index":0,"delta":{}}],"timings":)" +
                 std::string(timings) + "}");
  };
  const auto opening = chunk(R"({"content":"Hi"})");
  const watched w(opening + with_timings(R"({"cache_n":8,"prompt_n":12,"predicted_n":5})") + done);
  EXPECT_EQ(w.watch.prompt_tokens(), 20);
  EXPECT_EQ(w.watch.completion_tokens(), 5);
  EXPECT_EQ(w.watch.at_end(), chat_end::complete);
  const watched odd(opening + with_timings(R"({"prompt_n":-3,"predicted_n":"many"})") + done);
  EXPECT_EQ(odd.watch.prompt_tokens(), -1);
  EXPECT_EQ(odd.watch.completion_tokens(), -1);
}

TEST(chat_stream_watch, vllm) {
  // The last content delta carries the finish_reason; nulls everywhere.
  const auto vllm = [](std::string_view delta, std::string_view finish) {
    return event(R"({"id":"chatcmpl-8f1c","object":"chat.completion.chunk","created":1790000000,)"
                 R"("model":"Qwen/Qwen3-8B","choices":[{"index":0,"delta":)" +
                 std::string(delta) + R"(,"logprobs":null,"finish_reason":)" + std::string(finish) +
                 R"(,"stop_reason":null,"token_ids":null}],"usage":null})");
  };
  const watched w(vllm(R"({"role":"assistant","content":""})", "null") +
                  vllm(R"({"content":"Hi","reasoning":null})", "null") +
                  vllm(R"({"content":" you"})", "null") + vllm(R"({"content":"."})", "\"stop\"") +
                  event(R"({"id":"chatcmpl-8f1c","object":"chat.completion.chunk","created":1,)"
                        R"("model":"m","choices":[],"usage":{"prompt_tokens":9,"total_tokens":12,)"
                        R"("completion_tokens":3}})") +
                  done);
  EXPECT_EQ(w.kinds, (std::vector{ev::role_only, ev::content, ev::content, ev::finish, ev::usage,
                                  ev::done}));
  EXPECT_EQ(w.watch.at_end(), chat_end::complete);
  EXPECT_EQ(w.watch.prompt_tokens(), 9);
  EXPECT_EQ(w.watch.completion_tokens(), 3);
}

TEST(chat_stream_watch, openai_with_crlf_and_usage_on_each_chunk) {
  std::string text =
      event(
          R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m",)"
          R"("service_tier":"default","choices":[{"index":0,"delta":{"role":"assistant",)"
          R"("content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null})") +
      event(R"({"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],)"
            R"("usage":{"prompt_tokens":5,"completion_tokens":1}})") +
      event(R"({"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":null}],)"
            R"("usage":{"prompt_tokens":5,"completion_tokens":2}})") +
      event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"length"}],)"
            R"("usage":{"prompt_tokens":5,"completion_tokens":3}})") +
      done;
  std::string crlf;
  for (const char c : text)
    crlf += c == '\n' ? "\r\n" : std::string(1, c);
  const watched w(crlf);
  EXPECT_EQ(w.kinds, (std::vector{ev::role_only, ev::content, ev::content, ev::finish, ev::done}));
  EXPECT_EQ(w.watch.completion_tokens(), 3);
  EXPECT_EQ(w.watch.at_end(), chat_end::complete);
}

TEST(chat_stream_watch, what_counts_as_content) {
  const std::pair<const char*, bool> cases[] = {
      {R"({"content":"x"})", true},
      {R"({"content":[{"type":"text","text":"x"}]})", true},
      {R"({"reasoning_content":"x","content":null})", true},
      {R"({"reasoning":"x"})", true},
      {R"({"refusal":"no"})", true},
      {R"({"tool_calls":[{"index":0,"id":"a1","function":{"name":"f","arguments":""}}]})", true},
      {R"({"function_call":{"name":"f"}})", true},
      {R"({"audio":{"id":"x"}})", true},
      {R"({"role":"assistant","content":""})", false},
      {R"({"role":"assistant","content":null,"tool_calls":[],"function_call":null})", false},
      {R"({"content":"","reasoning_content":"","refusal":null,"audio":null})", false},
      {R"({})", false},
      {R"({"role":"assistant","annotations":["x"]})", true},
      {R"({"thinking":"x"})", true},
      {R"({"images":[{"type":"image_url","image_url":{"url":"data:,"}}]})", true},
      {R"({"a_name_yet_to_be_invented":"x"})", true},
      {R"({"role":"assistant","name":"m","id":"x","type":"message","index":0})", false},
      {R"({"thinking":"","images":[],"annotations":null})", false},
  };
  for (const auto& [delta, content] : cases) {
    chat_stream_watch w;
    const std::string data = chunk(delta).substr(6);
    EXPECT_EQ(w.on_data(data), content ? ev::content : ev::role_only) << delta;
    EXPECT_EQ(w.content_seen(), content) << delta;
    EXPECT_EQ(w.at_end(), chat_end::truncated) << delta;
  }
}

TEST(chat_stream_watch, how_far_the_prompt_is_read_is_no_content) {
  const watched w(event(R"({"choices":[{"index":0,"delta":{"role":"assistant","content":null}}],)"
                        R"("prompt_progress":{"total":1000,"cache":0,"processed":512}})") +
                  event(R"({"choices":[{"index":0,"delta":{}}],"prompt_progress":null})"));
  EXPECT_EQ(w.kinds, (std::vector{ev::progress, ev::role_only}));
  EXPECT_TRUE(w.watch.progress_seen());
  EXPECT_FALSE(w.watch.content_seen());
}

TEST(chat_stream_watch, completions) {
  const watched w(event(R"({"choices":[{"text":"","index":0,"finish_reason":null}]})") +
                  event(R"({"choices":[{"text":"Hi","index":0,"finish_reason":null}]})") +
                  event(R"({"choices":[{"text":"","index":0,"finish_reason":"length"}]})") + done);
  EXPECT_EQ(w.kinds, (std::vector{ev::role_only, ev::content, ev::finish, ev::done}));
  EXPECT_EQ(w.watch.at_end(), chat_end::complete);
}

TEST(chat_stream_watch, tool_calls) {
  const watched w(
      chunk(R"({"role":"assistant","content":null})") +
      chunk(R"({"tool_calls":[{"index":0,"id":"a1","type":"function",)"
            R"("function":{"name":"f","arguments":""}}]})") +
      chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"index\": 5, "}}]})") +
      chunk(R"({"tool_calls":[{"index":1,"id":"a2","function":{"name":"g","arguments":"{}"}}]})") +
      chunk(R"({"tool_calls":[{"index":2,"id":"a3","function":{"name":"h","arguments":"{}"}}]})") +
      chunk("{}", "\"tool_calls\"") + done);
  EXPECT_EQ(w.kinds, (std::vector{ev::role_only, ev::content, ev::content, ev::content, ev::content,
                                  ev::finish, ev::done}));
  EXPECT_EQ(w.watch.choices_seen(), 1u); // the calls' indices are not the choices'
  EXPECT_TRUE(w.watch.finished());
}

TEST(chat_stream_watch, text_inside_strings_is_only_text) {
  const watched w(
      chunk(R"({"content":"x"})") + chunk(R"({"content":"\"finish_reason\":\"stop\""})") +
      chunk(R"({"content":"finish_reason"})") +
      chunk(R"({"content":"\\\"finish_reason\\\":\\\"stop\\\""})") +
      chunk(R"({"content":"data: [DONE]"})") + chunk(R"({"content":"[DONE]"})") +
      chunk(R"({"content":"{\"error\":{\"message\":\"x\"}}"})") + chunk(R"({"content":"error"})") +
      chunk(R"({"content":"\"usage\":{\"prompt_tokens\":7}"})") +
      chunk(R"({"content":"\"index\":3"})") +
      chunk(R"({"content":"a\u0022finish_reason\u0022:\u0022stop\u0022"})") +
      chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"error\": true}"}}]})"));
  EXPECT_EQ(w.kinds, std::vector(12, ev::content));
  EXPECT_EQ(w.watch.choices_seen(), 1u);
  EXPECT_EQ(w.watch.prompt_tokens(), -1);
  EXPECT_FALSE(w.watch.error_seen());
  EXPECT_FALSE(w.watch.done_seen());
  EXPECT_EQ(w.watch.at_end(), chat_end::truncated);
}

TEST(chat_stream_watch, keys_at_the_wrong_place_mean_nothing) {
  const watched w(
      chunk(R"({"content":"x"})") +
      // An object of the server's own with keys of the same names.
      event(R"({"choices":[{"index":0,"delta":{"content":"y","error":{"message":"no"}},)"
            R"("finish_reason":null}],"x":{"finish_reason":"stop","usage":{"prompt_tokens":1}}})") +
      event(R"({"choices":[{"index":0,"delta":{"finish_reason":"stop"}}]})"));
  EXPECT_FALSE(w.watch.finished());
  EXPECT_FALSE(w.watch.error_seen());
  EXPECT_EQ(w.watch.prompt_tokens(), -1);
  EXPECT_EQ(w.watch.at_end(), chat_end::truncated);
}

TEST(chat_stream_watch, keys_written_in_other_ways_are_found) {
  // Blanks, another order, escapes within a key.
  for (const char* json : {R"({ "choices" : [ { "finish_reason" : "stop" , "index" : 0 } ] })",
                           R"({"choices":[{"delta":{"content":"x"},"index":0,)"
                           "\n\t\"finish_reason\"\t:\n\"stop\"}]}",
                           R"({"choices":[{"finish\u005freason":"stop"}]})",
                           R"({"choices":[{"\u0066inish_reason":"stop","index":0}]})"}) {
    chat_stream_watch w;
    w.on_data(R"({"choices":[{"index":0,"delta":{"content":"x"}}]})");
    ASSERT_TRUE(w.content_seen());
    EXPECT_EQ(w.on_data(json), ev::finish) << json;
    EXPECT_TRUE(w.finished()) << json;
  }
  chat_stream_watch w;
  w.on_data(R"({"choices":[{"delta":{"content":"x"}}]})");
  EXPECT_EQ(w.on_data(R"({"\u0065rror":{"message":"m"}})"), ev::error);
}

TEST(chat_stream_watch, finish_reason_null_empty_and_absent_are_no_end) {
  const watched w(chunk(R"({"content":"x"})") + chunk(R"({"content":"y"})", "\"\"") +
                  event(R"({"choices":[{"index":0,"delta":{"content":"z"}}]})"));
  EXPECT_FALSE(w.watch.finished());
  EXPECT_EQ(w.watch.at_end(), chat_end::truncated);
}

TEST(chat_stream_watch, several_choices) {
  const watched w(chunk(R"({"content":"a"})", "null", 0) + chunk(R"({"content":"b"})", "null", 1) +
                  chunk(R"({"content":"c"})", "null", 1) + chunk("{}", "\"stop\"", 0));
  EXPECT_EQ(w.watch.choices_seen(), 2u);
  EXPECT_EQ(w.watch.choices_finished(), 1u);
  EXPECT_FALSE(w.watch.finished());
  EXPECT_EQ(w.watch.at_end(), chat_end::truncated);
  const watched both(chunk(R"({"content":"a"})", "null", 0) +
                     chunk(R"({"content":"b"})", "null", 1) + chunk("{}", "\"stop\"", 1) +
                     chunk("{}", "\"stop\"", 1) + chunk("{}", "\"length\"", 0));
  EXPECT_TRUE(both.watch.finished());
  EXPECT_EQ(both.watch.at_end(), chat_end::finished_without_done);
  // All in one event; the largest index that is tracked, and one that is not.
  chat_stream_watch w3;
  w3.on_data(R"({"choices":[{"index":0,"finish_reason":"stop"},{"index":127,"text":"x"},)"
             R"({"index":128,"text":"x"}]})");
  EXPECT_EQ(w3.choices_seen(), 2u);
  EXPECT_EQ(w3.choices_finished(), 1u);
}

TEST(chat_stream_watch, errors) {
  struct {
    const char* json;
    const char* message;
    unsigned status;
  } const cases[] = {
      {R"({"error":{"code":500,"message":"slot failed","type":"server_error"}})", "slot failed",
       500},
      {R"({"error":{"message":"m","type":"x","param":null,"code":"model_not_found"}})", "m", 0},
      {R"({"error":{"message":"m","code":"429"}})", "m", 429},
      {R"({"object":"error","message":"too long","type":"BadRequestError","param":null,"code":400})",
       "too long", 400},
      {R"({"error":"Unauthorized"})", "Unauthorized", 0},
      {R"({"error":{}})", "", 0},
      {R"({"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"error"}],)"
       R"("error":{"code":502,"message":"Provider disconnected"}})",
       "Provider disconnected", 502},
  };
  for (const auto& c : cases)
    for (const bool late : {false, true}) {
      const watched w((late ? chunk(R"({"content":"x"})") : chunk(R"({"role":"assistant"})")) +
                      event(c.json));
      EXPECT_EQ(w.kinds.at(1), ev::error) << c.json;
      EXPECT_TRUE(w.watch.error_seen());
      EXPECT_EQ(w.watch.error_message(), c.message) << c.json;
      EXPECT_EQ(w.watch.error_status(), c.status) << c.json;
      EXPECT_EQ(w.watch.at_end(), chat_end::error_reported);
    }
}

TEST(chat_stream_watch, an_error_is_no_content_and_no_done_makes_up_for_it) {
  const watched w(event(R"({"error":{"message":"first","code":503}})") +
                  event(R"({"error":{"message":"second","code":500}})") + done);
  EXPECT_FALSE(w.watch.content_seen());
  EXPECT_EQ(w.watch.error_message(), "first");
  EXPECT_EQ(w.watch.error_status(), 503u);
  EXPECT_EQ(w.watch.at_end(), chat_end::error_reported);
}

TEST(chat_stream_watch, an_event_named_error_is_one_whatever_it_says) {
  const watched w("event: error\ndata: overloaded\n\n");
  EXPECT_EQ(w.kinds.at(0), ev::error);
  EXPECT_EQ(w.watch.error_message(), "overloaded");
  EXPECT_EQ(w.watch.at_end(), chat_end::error_reported);
  const watched json("event: error\ndata: {\"error\":{\"message\":\"m\",\"code\":500}}\n\n");
  EXPECT_EQ(json.watch.error_message(), "m");
}

TEST(chat_stream_watch, error_null_is_no_error) {
  const watched w(event(R"({"error":null,"choices":[{"index":0,"delta":{"content":"x"}}]})") +
                  event(R"({"error":null,"choices":[{"index":0,"delta":{"content":"y"}}]})") +
                  event(R"({"error":"","choices":[{"index":0,"delta":{"content":"y"}}]})") +
                  event(R"({"error":false,"choices":[{"index":0,"delta":{"content":"y"}}]})"));
  EXPECT_EQ(w.kinds, std::vector(4, ev::content));
  EXPECT_FALSE(w.watch.error_seen());
}

TEST(chat_stream_watch, how_streams_end) {
  const std::string hello =
      chunk(R"({"role":"assistant","content":null})") + chunk(R"({"content":"Hi"})");
  const std::string stop = chunk("{}", "\"stop\"");
  EXPECT_EQ(watched("").watch.at_end(), chat_end::empty);
  EXPECT_EQ(watched(": ping\n\n:\n\n").watch.at_end(), chat_end::empty);
  EXPECT_EQ(watched("data:\n\n").watch.at_end(), chat_end::empty);
  EXPECT_EQ(watched(done).watch.at_end(), chat_end::truncated) << "nothing was said";
  EXPECT_EQ(watched(chunk(R"({"role":"assistant"})") + done).watch.at_end(), chat_end::truncated);
  EXPECT_EQ(watched(stop + "data:[DONE] \n\n").watch.at_end(), chat_end::complete)
      << "an empty text has an end, too";
  EXPECT_EQ(watched(hello).watch.at_end(), chat_end::truncated);
  EXPECT_EQ(watched(hello + stop).watch.at_end(), chat_end::finished_without_done);
  EXPECT_EQ(watched(hello + stop + done).watch.at_end(), chat_end::complete);
  EXPECT_EQ(watched(hello + stop + "data: [DONE]").watch.at_end(), chat_end::complete);
  EXPECT_EQ(watched(hello + "data: [DON").watch.at_end(), chat_end::truncated);
}

TEST(chat_stream_watch, a_plain_text_tail_is_no_end) {
  const std::string tail = "proxy error: Failed to read connection";
  const watched cut(chunk(R"({"content":"Hi"})") + tail);
  EXPECT_EQ(cut.kinds.at(1), ev::other);
  EXPECT_TRUE(cut.watch.stray_seen());
  EXPECT_EQ(cut.watch.at_end(), chat_end::truncated);
  EXPECT_EQ(watched(tail).watch.at_end(), chat_end::truncated); // not empty: something was said
  // Glued to the end of an event that was cut.
  const watched glued(chunk(R"({"content":"Hi"})") + "data: {\"choices\":[{\"ind" + tail);
  EXPECT_EQ(glued.watch.malformed(), 1u);
  EXPECT_EQ(glued.watch.at_end(), chat_end::truncated);
}

TEST(chat_stream_watch, malformed_data_is_counted_and_survived) {
  const watched w(event("{\"choices\":[") + event("not json") + event("\xff{}") +
                  chunk(R"({"content":"Hi"})") + event("{\"choices\":[{\"a\":") +
                  event("{\"finish_reason\":\"stop\",}") + chunk("{}", "\"stop\"") + done);
  EXPECT_EQ(w.kinds, (std::vector{ev::malformed, ev::malformed, ev::malformed, ev::content,
                                  ev::malformed, ev::malformed, ev::finish, ev::done}));
  EXPECT_EQ(w.watch.malformed(), 5u);
  EXPECT_TRUE(w.watch.content_seen());
  EXPECT_EQ(w.watch.at_end(), chat_end::complete);
}

TEST(chat_stream_watch, json_of_other_kinds) {
  const watched w(event("[1,2]") + event("42") + event("\"text\"") + event("{}") +
                  event(R"({"choices":null,"usage":null,"error":null})") +
                  event(R"({"choices":[null,7,"x"]})") + event(R"({"type":"ping"})") +
                  event(R"({"choices":[{"index":-1,"delta":7}]})"));
  EXPECT_EQ(w.kinds, (std::vector{ev::other, ev::other, ev::other, ev::other, ev::other, ev::other,
                                  ev::other, ev::role_only}));
  EXPECT_FALSE(w.watch.content_seen());
}

/// After the first content most events are only scanned. The verdict must be what parsing each of
/// them gives.
TEST(chat_stream_watch, scanning_sees_what_parsing_sees) {
  test::dice random(7);
  const std::vector<std::string> pieces = {R"("finish_reason":null)",
                                           R"("finish_reason":"stop")",
                                           R"("finish_reason" : "stop")",
                                           R"("index":0)",
                                           R"("index":1)",
                                           R"("index": 2)",
                                           R"("delta":{"content":"a"})",
                                           R"("delta":{"content":"\"finish_reason\":\"stop\""})",
                                           R"("text":"\u0022error\u0022:1")",
                                           R"("delta":{"tool_calls":[{"index":3}]})",
                                           R"("x":"finish_reason")",
                                           R"("x":"error")",
                                           R"("delta":{"content":"\\"})",
                                           R"("y":["usage","index"])"};
  const std::vector<std::string> tops = {R"("usage":null)",
                                         R"("usage":{"prompt_tokens":3,"completion_tokens":4})",
                                         R"("id":"x")",
                                         R"("error":null)",
                                         R"("object":"chat.completion.chunk")",
                                         R"("system":"error")"};
  for (int i = 0; i < 5'000; ++i) {
    chat_stream_watch scanning;
    scanning.on_data(R"({"choices":[{"index":0,"delta":{"content":"x"}}]})");
    chat_stream_watch parsing = scanning;
    for (int events = 0; events < 4; ++events) {
      std::string json = "{\"choices\":[{";
      for (std::size_t n = 1 + random.below(3), k = 0; k < n; ++k)
        json += (k > 0 ? "," : "") + random.pick(pieces);
      json += "}]";
      for (std::size_t n = random.below(3); n > 0; --n)
        json += "," + random.pick(tops);
      json += "}";
      scanning.on_data(json);
      // An escaped letter somewhere makes the watch parse; it changes nothing else.
      json.insert(json.size() - 1, R"(,"\u0061":0)");
      parsing.on_data(json);
      ASSERT_EQ(scanning.choices_seen(), parsing.choices_seen()) << json;
      ASSERT_EQ(scanning.choices_finished(), parsing.choices_finished()) << json;
      ASSERT_EQ(scanning.prompt_tokens(), parsing.prompt_tokens()) << json;
      ASSERT_EQ(scanning.error_seen(), parsing.error_seen()) << json;
    }
  }
}

} // namespace
} // namespace synapse::http
