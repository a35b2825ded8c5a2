// /stt/* and /v1/audio/transcriptions: what the backend is asked, and what becomes of its answer.
#include "tests/audio/audio_bed.hpp"

namespace synapse::audio {
namespace {

constexpr const char* transcription = R"({"text":"Hello there. How are you?","language":"en",
"language_probability":0.998,"duration":3.42,"segments":[
{"id":1,"text":"Hello there.","start":0.0,"end":1.3,"words":[
{"word":" Hello","start":0.0,"end":0.5,"probability":0.5},
{"word":" there.","start":0.5,"end":1.3,"probability":0.5}]},
{"id":2,"text":"How are you?","start":1.5,"end":3725.25,"words":null}]})";

/// As sse-starlette writes it.
std::string native_event(std::string_view type, std::string_view data) {
  return "event: " + std::string{type} + "\r\ndata: " + std::string{data} + "\r\n\r\n";
}
const std::string ping = ": ping - 2026-01-01 00:00:00\r\n\r\n";
const std::string first_segment = native_event(
    "segment", R"({"id": 1, "text": "Hello there.", "start": 0.0, "end": 1.3, "words": []})");
const std::string second_segment =
    native_event("segment", R"({"id": 2, "text": "How are you?", "start": 1.5, "end": 3.2})");
const std::string done = native_event("done", "{}");

struct recognition : testing::Test {
  std::string config(std::string_view type = "faster-whisper", std::string_view top = {}) const {
    return config_with(backend("whisper-stt", upstream.url(), "type: " + std::string{type}), top);
  }
  /// Fields that the last request had besides its file.
  std::map<std::string, std::string> sent() const {
    std::map<std::string, std::string> fields;
    for (const auto& [name, value] : parts_of(upstream.seen().back()))
      if (!name.starts_with("file;"))
        fields[name] = value;
    return fields;
  }
  void answer_events(std::vector<std::string> pieces) {
    upstream.set_script([pieces = std::move(pieces)](upstream_connection& connection) {
      connection.read_request();
      connection.begin_chunked();
      for (const auto& piece : pieces)
        connection.send_chunk(piece);
      connection.end_chunks();
    });
  }
  /// The answer to a form whose stream ends (in an orderly way, or not) once its first segment has
  /// been received. @param behind comes after it, and is no whole event.
  http_reply broken_stream(const gateway_process& gateway, std::string_view path,
                           const std::string& form, bool end, const std::string& behind = {}) {
    // The script may outlive this function: it has all it needs for itself.
    auto received = std::make_shared<std::atomic<bool>>(false);
    upstream.set_script([received, end, behind](upstream_connection& connection) {
      connection.read_request();
      connection.begin_chunked();
      connection.send_chunk(ping);
      connection.send_chunk(first_segment);
      wait_until([&] { return received->load(); });
      if (!behind.empty())
        connection.send_chunk(behind);
      if (end)
        connection.end_chunks();
    });
    auto client = gateway.connect();
    client.send(request_bytes("POST", path, form, form_type));
    auto reply = client.read_head();
    EXPECT_TRUE(client.read_until(reply, "Hello there."));
    *received = true;
    client.read_rest(reply);
    return reply;
  }
  http_reply openai(const gateway_process& gateway,
                    const std::vector<std::pair<std::string, std::string>>& fields,
                    bool behind = false) const {
    std::string text = form_field("model", "whisper-1");
    for (const auto& [name, value] : fields)
      text += form_field(name, value);
    return post_form(gateway, "/v1/audio/transcriptions",
                     form_of(behind ? "" : text, wav(1000), behind ? text : std::string{}));
  }

  scripted_upstream upstream{
      answer_each([](const upstream_request&) { return answer_bytes(200, transcription); })};
};

using fields = std::map<std::string, std::string>;

TEST_F(recognition, passes_files_and_fields_on_and_json_back_unchanged) {
  gateway_process gateway{config()};
  auto reply = post_form(gateway, "/stt/transcribe", form_of({}, wav(1000)));
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(reply.body, transcription);
  EXPECT_EQ(upstream.seen().back().target, "/transcribe");
  EXPECT_EQ(sent(), (fields{{"word_timestamps", "false"}})) << "the backend's default is true";
  post_form(gateway, "/stt/transcribe",
            form_of(form_field("word_timestamps", "1"), wav(1000), form_field("language", "de")));
  EXPECT_EQ(sent(), (fields{{"word_timestamps", "true"}, {"language", "de"}}));
  post_form(gateway, "/stt/detect-language", form_of({}, wav(1000)));
  EXPECT_EQ(upstream.seen().back().target, "/detect-language");
  EXPECT_EQ(sent(), fields{});
}

TEST_F(recognition, passes_events_on_byte_by_byte_as_they_come) {
  gateway_process gateway{config()};
  std::atomic<int> stage{0};
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_request();
    connection.begin_chunked();
    connection.send_chunk(ping);
    connection.send_chunk(first_segment);
    wait_until([&] { return stage == 1; });
    connection.send_chunk(second_segment.substr(0, 20));
    connection.send_chunk(second_segment.substr(20) + done);
    connection.end_chunks();
  });
  auto client = gateway.connect();
  client.send(request_bytes("POST", "/stt/stream",
                            form_of(form_field("language", "english"), wav(1000)), form_type));
  auto reply = client.read_head();
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.field("Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(reply.field("X-Accel-Buffering"), "no");
  EXPECT_TRUE(client.read_until(reply, "Hello there."));
  stage = 1;
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete());
  EXPECT_EQ(reply.body, ping + first_segment + second_segment + done);
  EXPECT_EQ(upstream.seen().back().target, "/stream");
  EXPECT_EQ(sent(), (fields{{"language", "en"}}));
  EXPECT_TRUE(gateway.wait_for_metric("synapse_stream_ends_total",
                                      R"(route="/stt/stream",kind="complete")", 1));
}

TEST_F(recognition, tells_that_a_stream_without_done_is_broken) {
  gateway_process gateway{config()};
  for (const bool end : {true, false}) {
    const auto reply = broken_stream(gateway, "/stt/stream", form_of({}, wav(1000)), end,
                                     second_segment.substr(0, 30));
    EXPECT_EQ(reply.status, 200U);
    EXPECT_TRUE(reply.end == reply_end::cut || reply.end == reply_end::reset)
        << "no last chunk: " << to_string(reply.end);
    ASSERT_TRUE(reply.body.starts_with(ping + first_segment + "event: error\ndata: "))
        << reply.body;
    const auto error = json::parse(
        reply.body.substr((ping + first_segment + "event: error\ndata: ").size()), nullptr, false);
    EXPECT_EQ(error["error"], "STT backend error");
    EXPECT_NE(error["detail"].get<std::string>().find("whisper-stt"), std::string::npos);
  }
  EXPECT_TRUE(gateway.wait_for_metric("synapse_stream_ends_total",
                                      R"(route="/stt/stream",kind="truncated")", 2));
  answer_events({});
  EXPECT_EQ(post_form(gateway, "/stt/stream", form_of({}, wav(1000))).status, 502U)
      << "nothing was sent yet: a real status";
}

TEST_F(recognition, takes_a_done_without_its_last_line_for_one) {
  gateway_process gateway{config()};
  answer_events({first_segment, "event: done\r\ndata: {}\r\n"});
  const auto reply = post_form(gateway, "/stt/stream", form_of({}, wav(1000)));
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(reply.body, first_segment + "event: done\r\ndata: {}\r\n\n\n");
}

TEST_F(recognition, keeps_a_silent_stream_alive) {
  gateway_process gateway{config("faster-whisper", "limits: {stream_keepalive: 20ms}\n")};
  std::atomic<bool> go_on{false};
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_request();
    connection.begin_chunked();
    wait_until([&] { return go_on.load(); });
    connection.send_chunk(done);
    connection.end_chunks();
  });
  auto client = gateway.connect();
  client.send(request_bytes("POST", "/stt/stream", form_of({}, wav(1000)), form_type));
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, ": keepalive\n\n: keepalive\n\n"));
  go_on = true;
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete());
  EXPECT_TRUE(reply.body.ends_with(done));
}

TEST_F(recognition, begins_a_stream_before_the_backend_does) {
  gateway_process gateway{config("faster-whisper", "limits: {stream_keepalive: 20ms}\n")};
  const std::pair<const char*, const char*> routes[] = {
      {"/stt/stream", "event: error\ndata: {"},
      {"/v1/audio/transcriptions", "data: {\"error\":{"},
  };
  for (const auto& [path, error] : routes)
    for (const bool good : {true, false}) {
      gate go_on;
      upstream.set_script([&, good = good](upstream_connection& connection) {
        connection.read_request();
        go_on.wait();
        if (good) {
          connection.begin_chunked();
          connection.send_chunk(first_segment + done);
          connection.end_chunks();
        } else {
          connection.reply(500, R"({"detail":"no memory left"})");
        }
      });
      auto form = form_of(form_field("stream", "true") + form_field("model", "m"), wav(1000));
      if (std::string_view{path} == "/stt/stream")
        form = form_of({}, wav(1000));
      auto client = gateway.connect();
      client.send(request_bytes("POST", path, form, form_type));
      auto reply = client.read_head();
      EXPECT_EQ(reply.status, 200U) << path;
      EXPECT_EQ(reply.field("Content-Type"), "text/event-stream; charset=utf-8");
      EXPECT_TRUE(client.read_until(reply, ": keepalive\n\n: keepalive\n\n"));
      go_on.open();
      client.read_rest(reply);
      EXPECT_EQ(reply.complete(), good) << path << to_string(reply.end);
      EXPECT_NE(reply.body.find(good ? "Hello there." : "no memory left"), std::string::npos)
          << reply.body;
      EXPECT_EQ(reply.body.find(error) == std::string::npos, good) << reply.body;
    }
}

TEST_F(recognition, has_openais_formats) {
  gateway_process gateway{config()};
  for (const bool behind : {false, true}) {
    const auto plain = openai(gateway, {}, behind);
    ASSERT_TRUE(plain.ok()) << plain.body;
    EXPECT_EQ(json::parse(plain.body), json::parse(R"({"text":"Hello there. How are you?",
        "usage":{"type":"duration","seconds":4}})"));
    EXPECT_EQ(sent(), (fields{{"word_timestamps", "false"}}));

    const auto text = openai(gateway, {{"response_format", "text"}, {"language", "en"}}, behind);
    EXPECT_EQ(text.body, "Hello there. How are you?\n");
    EXPECT_EQ(text.field("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(sent(), (fields{{"word_timestamps", "false"}, {"language", "en"}}));

    const auto srt = openai(gateway, {{"response_format", "srt"}}, behind);
    EXPECT_EQ(srt.body, "1\n00:00:00,000 --> 00:00:01,300\nHello there.\n\n"
                        "2\n00:00:01,500 --> 01:02:05,250\nHow are you?\n\n");
    const auto vtt = openai(gateway, {{"response_format", "vtt"}}, behind);
    EXPECT_EQ(vtt.body, "WEBVTT\n\n00:00:00.000 --> 00:00:01.300\nHello there.\n\n"
                        "00:00:01.500 --> 01:02:05.250\nHow are you?\n\n");
    EXPECT_EQ(vtt.field("Content-Type"), "text/vtt; charset=utf-8");

    const auto verbose = json::parse(openai(gateway,
                                            {{"response_format", "verbose_json"},
                                             {"timestamp_granularities[]", "word"},
                                             {"timestamp_granularities[]", "segment"}},
                                            behind)
                                         .body);
    EXPECT_EQ(sent(), (fields{{"word_timestamps", "true"}}));
    EXPECT_EQ(verbose["task"], "transcribe");
    EXPECT_EQ(verbose["language"], "english");
    EXPECT_EQ(verbose["duration"], 3.42);
    ASSERT_EQ(verbose["segments"].size(), 2U);
    EXPECT_EQ(verbose["segments"][0]["id"], 0);
    EXPECT_EQ(verbose["segments"][0]["end"], 1.3);
    EXPECT_NEAR(verbose["segments"][0]["avg_logprob"].get<double>(), std::log(0.5), 1e-9);
    EXPECT_EQ(verbose["words"], json::parse(R"([{"word":"Hello","start":0.0,"end":0.5},
        {"word":"there.","start":0.5,"end":1.3}])"));

    const auto words_only = json::parse(
        openai(gateway,
               {{"response_format", "verbose_json"}, {"timestamp_granularities[]", "word"}}, behind)
            .body);
    EXPECT_FALSE(words_only.contains("segments"));
    EXPECT_EQ(words_only["words"].size(), 2U);
  }
}

/// Data of the events of OpenAI's stream.
std::vector<json> data_of(const std::string& body) {
  std::vector<json> all;
  std::size_t at = 0;
  while ((at = body.find("data: ", at)) != std::string::npos) {
    const auto end = body.find('\n', at);
    all.push_back(json::parse(body.substr(at + 6, end - at - 6), nullptr, false));
    at = end;
  }
  return all;
}

TEST_F(recognition, streams_in_openais_events) {
  gateway_process gateway{config()};
  answer_events({ping, first_segment, second_segment, done});
  const auto reply = openai(gateway, {{"stream", "true"}});
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(reply.field("Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(upstream.seen().back().target, "/stream");
  EXPECT_TRUE(reply.body.starts_with(ping));
  const auto events = data_of(reply.body);
  ASSERT_EQ(events.size(), 3U) << reply.body;
  EXPECT_EQ(events[0], json::parse(R"({"type":"transcript.text.delta","delta":"Hello there."})"));
  EXPECT_EQ(events[1], json::parse(R"({"type":"transcript.text.delta","delta":" How are you?"})"));
  EXPECT_EQ(events[2], json::parse(R"({"type":"transcript.text.done",
      "text":"Hello there. How are you?","usage":{"type":"duration","seconds":4}})"));
}

TEST_F(recognition, keeps_what_came_in_one_piece_with_a_fault) {
  gateway_process gateway{config()};
  answer_events({first_segment + native_event("segment", R"({"no":"text"})") + done});
  const auto reply = openai(gateway, {{"stream", "true"}});
  EXPECT_EQ(reply.status, 200U);
  EXPECT_FALSE(reply.complete());
  const auto events = data_of(reply.body);
  ASSERT_EQ(events.size(), 2U) << reply.body;
  EXPECT_EQ(events[0]["type"], "transcript.text.delta");
  EXPECT_TRUE(events[1]["error"]["message"].is_string()) << reply.body;
}

TEST_F(recognition, grants_a_stream_that_is_wished_for_behind_the_file) {
  gateway_process gateway{config()};
  const auto reply = openai(gateway, {{"stream", "true"}}, true);
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(upstream.seen().back().target, "/transcribe");
  EXPECT_EQ(reply.field("Content-Type"), "text/event-stream; charset=utf-8");
  const auto events = data_of(reply.body);
  ASSERT_EQ(events.size(), 3U) << reply.body;
  EXPECT_EQ(events[1]["delta"], " How are you?");
  EXPECT_EQ(events[2]["text"], "Hello there. How are you?");
}

TEST_F(recognition, streams_the_backends_text_in_any_order_of_the_forms_fields) {
  gateway_process gateway{config()};
  const struct {
    std::vector<std::string> segments;
    std::string text;
  } cases[] = {
      {{"Hello there.", "How are you?"}, "Hello there. How are you?"},
      {{" Hello there.", " How are you?"},
       "Hello there. How are you?"}, // as faster-whisper has them
      {{"你好", "世界"}, "你好世界"},
      {{"こんにちは。", "世界"}, "こんにちは。世界"},
      {{"สวัสดี", "ชาวโลก"}, "สวัสดีชาวโลก"},
      {{"안녕하세요", "세계"}, "안녕하세요 세계"},
  };
  for (const auto& one : cases) {
    auto segments = json::array();
    std::string events;
    for (const auto& text : one.segments) {
      segments.push_back({{"id", 1}, {"text", text}, {"start", 0}, {"end", 2.5}});
      events += native_event("segment", segments.back().dump());
    }
    const auto whole =
        json{{"text", one.text}, {"language", "zh"}, {"duration", 9}, {"segments", segments}}
            .dump();
    upstream.set_script(answer_each([&](const upstream_request& request) {
      return request.target == "/stream" ? answer_bytes(200, events + done, "text/event-stream")
                                         : answer_bytes(200, whole);
    }));
    const auto before = openai(gateway, {{"stream", "true"}});
    const auto behind = openai(gateway, {{"stream", "true"}}, true);
    ASSERT_TRUE(before.ok()) << before.body;
    EXPECT_EQ(sent(), (fields{{"word_timestamps", "true"}})) << "their blanks are looked at";
    EXPECT_EQ(before.body, behind.body);
    std::string deltas;
    for (const auto& event : data_of(before.body))
      deltas += event.value("delta", "");
    EXPECT_EQ(deltas, one.text);
    EXPECT_EQ(data_of(before.body).back()["text"], one.text);
    EXPECT_EQ(openai(gateway, {{"response_format", "text"}}).body, one.text + "\n");
  }
}

TEST_F(recognition, breaks_openais_stream_off_with_an_error) {
  gateway_process gateway{config()};
  const auto reply = broken_stream(
      gateway, "/v1/audio/transcriptions",
      form_of(form_field("model", "m") + form_field("stream", "true"), wav(1000)), true);
  EXPECT_TRUE(reply.end == reply_end::cut || reply.end == reply_end::reset);
  const auto events = data_of(reply.body);
  ASSERT_EQ(events.size(), 2U) << reply.body;
  EXPECT_EQ(events[0]["type"], "transcript.text.delta");
  EXPECT_TRUE(events[1]["error"]["message"].is_string()) << reply.body;
}

TEST_F(recognition, refuses_in_openais_words) {
  gateway_process gateway{config()};
  const struct {
    std::vector<std::pair<std::string, std::string>> fields;
    const char* param;
  } cases[] = {
      {{{"response_format", "diarized_json"}}, "response_format"},
      {{{"language", "klingon"}}, "language"},
      {{{"temperature", "hot"}}, "temperature"},
      {{{"stream", "perhaps"}}, "stream"},
      {{{"timestamp_granularities[]", "letter"}}, "timestamp_granularities[]"},
      {{{"timestamp_granularities[]", "word"}}, "timestamp_granularities[]"},
  };
  for (const auto& one : cases)
    for (const bool behind : {false, true}) {
      const auto reply = openai(gateway, one.fields, behind);
      EXPECT_EQ(reply.status, 400U) << one.param << reply.body;
      EXPECT_EQ(text_at(reply.body, "/error/param"), one.param) << reply.body;
      EXPECT_EQ(text_at(reply.body, "/error/type"), "invalid_request_error");
    }
  const auto no_file = post_form(gateway, "/v1/audio/transcriptions",
                                 form_field("model", "whisper-1") + end_of_form);
  EXPECT_EQ(no_file.status, 400U);
  EXPECT_EQ(text_at(no_file.body, "/error/param"), "file");
  const auto no_model = post_form(gateway, "/v1/audio/transcriptions", form_of({}, wav(1000)));
  EXPECT_EQ(text_at(no_model.body, "/error/param"), "model");
  const auto no_sound = post_form(gateway, "/v1/audio/transcriptions",
                                  form_of(form_field("model", "m"), "text, and nothing else"));
  EXPECT_EQ(no_sound.status, 400U);
  EXPECT_EQ(text_at(no_sound.body, "/error/param"), "file");
  EXPECT_EQ(upstream.requests(), 0U);

  const auto translation =
      post_form(gateway, "/v1/audio/translations", form_of(form_field("model", "m"), wav(100)));
  EXPECT_EQ(translation.status, 501U);
  EXPECT_EQ(text_at(translation.body, "/error/code"), "not_supported");

  upstream.set_script(answer_each([](const upstream_request&) {
    return answer_bytes(500, "Internal Server Error", "text/plain");
  }));
  const auto failed = openai(gateway, {});
  EXPECT_EQ(failed.status, 502U);
  EXPECT_EQ(text_at(failed.body, "/error/message"), "Internal Server Error");
}

TEST_F(recognition, leaves_backends_that_speak_openais_dialect_alone) {
  gateway_process gateway{config("openai-compatible")};
  const auto form =
      form_of(form_field("model", "whisper-1") + form_field("anything", "goes"), "not looked at");
  for (const char* path : {"/v1/audio/transcriptions", "/v1/audio/translations"}) {
    const auto reply = post_form(gateway, path, form);
    ASSERT_TRUE(reply.ok()) << reply.body;
    EXPECT_EQ(reply.body, transcription);
    EXPECT_EQ(upstream.seen().back().target, path);
    EXPECT_EQ(upstream.seen().back().body, form);
  }
}

TEST_F(recognition, limits_uploads_to_such_backends_as_well) {
  gateway_process gateway{config("openai-compatible", "limits: {max_upload_bytes: 1MiB}\n")};
  const auto large = form_of(form_field("model", "m"), wav(1'100'000));
  EXPECT_EQ(post_form(gateway, "/v1/audio/transcriptions", large).status, 413U);
  auto client = gateway.connect();
  client.send("POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\n"
              "Transfer-Encoding: chunked\r\n" +
              form_type + "\r\n" + chunk(large) + chunk({}));
  EXPECT_EQ(client.read_reply().status, 413U);
}

} // namespace
} // namespace synapse::audio
