// /v1/audio/speech over Chatterbox, and past it where the backend speaks OpenAI's dialect.
#include "tests/audio/speech_bed.hpp"

#include <openssl/evp.h>

namespace synapse::audio {
namespace {

std::string decoded(const std::string& text) {
  std::string out(text.size(), '\0');
  const int n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(text.data()),
                                static_cast<int>(text.size()));
  EXPECT_GE(n, 0);
  out.resize(static_cast<std::size_t>(std::max(n, 0)));
  while (!out.empty() && text.ends_with('=') &&
         out.size() > text.size() / 4 * 3 - 1 - (text[text.size() - 2] == '=' ? 1 : 0))
    out.pop_back();
  return out;
}

struct openai_speech : speech {
  static json request(std::string_view voice, json more = json::object()) {
    json body{{"model", "tts-1"}, {"input", "Hello."}, {"voice", voice}};
    body.update(more);
    return body;
  }
  http_reply ask(const gateway_process& gateway, const json& body) const {
    return post_json(gateway, "/v1/audio/speech", body);
  }
};

TEST_F(openai_speech, finds_voices_of_the_library_by_id_and_name) {
  gateway_process gateway{config(), options()};
  const auto anna = make_voice(gateway, "Anna", wav(5000, 1));
  make_voice(gateway, "Twin", wav(5000, 2));
  make_voice(gateway, "Twin", wav(5000, 3));
  for (const json& voice : {json(anna), json("Anna"), json{{"id", anna}}}) {
    auto body = request("", {{"response_format", "wav"}});
    body["voice"] = voice;
    const auto reply = ask(gateway, body);
    ASSERT_TRUE(reply.ok()) << reply.body;
    EXPECT_TRUE(reply.body == sound);
    EXPECT_EQ(upstream.seen().back().target, "/tts");
    EXPECT_TRUE(
        last_body()["reference_audio_filename"].get<std::string>().starts_with("kept_" + anna));
  }
  const auto twin = ask(gateway, request("Twin"));
  EXPECT_EQ(twin.status, 400U);
  EXPECT_EQ(text_at(twin.body, "/error/param"), "voice");
}

TEST_F(openai_speech, finds_voices_by_composed_and_by_decomposed_names) {
  gateway_process gateway{config(), options()};
  const std::string composed = "Zo\u00eb", decomposed = "Zoe\u0308";
  const auto zoe = make_voice(gateway, decomposed, wav(5000, 1));
  for (const auto& name : {composed, decomposed}) {
    const auto reply = ask(gateway, request(name, {{"response_format", "wav"}}));
    ASSERT_TRUE(reply.ok()) << reply.body;
    EXPECT_TRUE(
        last_body()["reference_audio_filename"].get<std::string>().starts_with("kept_" + zoe));
  }
  make_voice(gateway, composed, wav(5000, 2));
  EXPECT_EQ(ask(gateway, request(composed)).status, 400U) << "two of one name";
}

TEST_F(openai_speech, takes_the_backends_own_voices) {
  gateway_process gateway{config(), options()};
  const std::pair<const char*, const char*> voices[] = {{"Emily.wav", "Emily.wav"},
                                                        {"Emily", "Emily.wav"},
                                                        {"emily", "Emily.wav"},
                                                        {"alloy", "Alice.wav"},
                                                        {"shimmer", "Alice.wav"}};
  for (const auto& [asked, file] : voices) {
    const auto reply = ask(gateway, request(asked, {{"response_format", "wav"}, {"speed", 3.5}}));
    ASSERT_TRUE(reply.ok()) << reply.body;
    EXPECT_EQ(reply.field("Content-Disposition"), "");
    EXPECT_EQ(upstream.seen().back().target, "/v1/audio/speech");
    EXPECT_EQ(
        last_body(),
        (json{{"model", "chatterbox"}, {"input", "Hello."}, {"voice", file}, {"speed", 3.5}}));
  }
  sound = std::string{"\xff\xfb\x90\x00", 4} + std::string(100, 'x');
  EXPECT_TRUE(ask(gateway, request("alloy", {{"language", "de"}})).ok());
  EXPECT_EQ(upstream.seen().back().target, "/tts") << "its OpenAI route knows no languages";
  EXPECT_EQ(last_body()["language"], "de");
  EXPECT_EQ(last_body()["output_format"], "mp3");
  const auto nobody = ask(gateway, request("nobody"));
  EXPECT_EQ(nobody.status, 400U) << nobody.body;
  EXPECT_EQ(text_at(nobody.body, "/error/param"), "voice");
  EXPECT_NE(text_at(nobody.body, "/error/message").find("nobody"), std::string::npos);
}

TEST_F(openai_speech, has_the_backends_formats_and_pcm) {
  gateway_process gateway{config(), options()};
  const struct {
    const char* format;
    std::string begins, type;
    const char* asked; ///< of the backend; null: nothing, because wav is its default
  } formats[] = {{"mp3", std::string{"\xff\xfb\x90\x00", 4}, "audio/mpeg", "mp3"},
                 {"opus", "OggS", "audio/opus", "opus"},
                 {"wav", sound.substr(0, 44), "audio/wav", nullptr}};
  const auto whole = sound;
  for (const auto& one : formats) {
    sound = one.begins + std::string(1000, 'x');
    const auto reply = ask(gateway, request("alloy", {{"response_format", one.format}}));
    ASSERT_TRUE(reply.ok()) << reply.body;
    EXPECT_TRUE(reply.body == sound);
    EXPECT_EQ(reply.field("Content-Type"), one.type);
    EXPECT_EQ(last_body().value("response_format", ""), one.asked ? one.asked : "");
  }
  sound = std::string{"\xff\xfb\x90\x00", 4} + std::string(100, 'x');
  EXPECT_EQ(ask(gateway, request("alloy")).field("Content-Type"), "audio/mpeg") << "the default";
  sound = whole + "LIST a chunk behind the samples";
  const auto pcm = ask(gateway, request("alloy", {{"response_format", "pcm"}}));
  ASSERT_TRUE(pcm.ok()) << pcm.body;
  EXPECT_EQ(pcm.field("Content-Type"), "audio/pcm");
  EXPECT_TRUE(pcm.body == whole.substr(44));
  sound = wav(1000, 1, 16000);
  EXPECT_EQ(ask(gateway, request("alloy", {{"response_format", "pcm"}})).status, 502U)
      << "pcm has 24 kHz";
}

TEST_F(openai_speech, streams_events) {
  gateway_process gateway{config(), options()};
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_request();
    connection.begin_chunked(200, "audio/wav");
    for (std::size_t at = 0; at < sound.size(); at += 1000)
      connection.send_chunk(std::string_view{sound}.substr(at, 1000));
    connection.end_chunks();
  });
  const auto reply =
      ask(gateway, request("alloy", {{"response_format", "wav"}, {"stream_format", "sse"}}));
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(reply.field("Content-Type"), "text/event-stream; charset=utf-8");
  std::string audio;
  std::vector<json> events;
  for (std::size_t at = 0; (at = reply.body.find("data: ", at)) != std::string::npos; ++at) {
    events.push_back(json::parse(reply.body.substr(at + 6, reply.body.find('\n', at) - at - 6)));
    if (events.back()["type"] == "speech.audio.delta")
      audio += decoded(events.back()["audio"].get<std::string>());
  }
  ASSERT_GE(events.size(), 2U);
  EXPECT_EQ(events.back()["type"], "speech.audio.done");
  EXPECT_TRUE(events.back()["usage"].contains("total_tokens"));
  EXPECT_TRUE(audio == sound) << audio.size() << " of " << sound.size();

  upstream.set_script([&](upstream_connection& connection) {
    connection.read_request();
    connection.begin_chunked(200, "audio/wav");
    connection.send_chunk(std::string_view{sound}.substr(0, 1000));
  });
  const auto broken =
      ask(gateway, request("alloy", {{"response_format", "wav"}, {"stream_format", "sse"}}));
  EXPECT_TRUE(broken.end == reply_end::cut || broken.end == reply_end::reset);
  EXPECT_NE(broken.body.find(R"(data: {"error":{"message":)"), std::string::npos) << broken.body;
  EXPECT_EQ(broken.body.find("speech.audio.done"), std::string::npos);
}

TEST_F(openai_speech, begins_events_before_the_backend_does) {
  gateway_process gateway{"limits: {stream_keepalive: 20ms}\n" + config(), options()};
  for (const bool good : {true, false}) {
    gate go_on;
    upstream.set_script([&, good = good](upstream_connection& connection) {
      connection.read_request();
      go_on.wait();
      if (good)
        connection.reply(200, sound, "audio/wav");
      else
        connection.reply(500, R"({"detail":"no memory left"})");
    });
    auto client = gateway.connect();
    client.send(request_bytes(
        "POST", "/v1/audio/speech",
        request("alloy", {{"response_format", "wav"}, {"stream_format", "sse"}}).dump(),
        json_type));
    auto reply = client.read_head();
    EXPECT_EQ(reply.status, 200U);
    EXPECT_TRUE(client.read_until(reply, ": keepalive\n\n: keepalive\n\n"));
    go_on.open();
    client.read_rest(reply);
    EXPECT_EQ(reply.complete(), good) << to_string(reply.end);
    EXPECT_EQ(reply.body.find("speech.audio.done") != std::string::npos, good);
    EXPECT_EQ(reply.body.find("no memory left") == std::string::npos, good) << reply.body;
  }
}

TEST_F(openai_speech, refuses_in_openais_words) {
  gateway_process gateway{config(), options()};
  const std::pair<json, const char*> cases[] = {
      {{{"model", "m"}, {"voice", "alloy"}}, "input"},
      {request("alloy", {{"input", ""}}), "input"},
      {request("alloy", {{"input", std::string(4097, 'x')}}), "input"},
      {{{"model", "m"}, {"input", "x"}}, "voice"},
      {request("alloy", {{"voice", 5}}), "voice"},
      {request("../../etc/passwd"), "voice"},
      {request("alloy", {{"response_format", "flac"}}), "response_format"},
      {request("alloy", {{"speed", 5}}), "speed"},
      {request("alloy", {{"stream_format", "morse"}}), "stream_format"},
      {request("alloy", {{"language", "xx"}}), "language"},
  };
  for (const auto& [body, param] : cases) {
    const auto reply = ask(gateway, body);
    EXPECT_EQ(reply.status, 400U) << body << reply.body;
    EXPECT_EQ(text_at(reply.body, "/error/param"), param) << reply.body;
  }
  EXPECT_EQ(upstream.requests(), 0U);
}

TEST_F(openai_speech, speaks_with_the_backends_voices_while_the_library_is_out_of_order) {
  write_file(files.path() / "library", "a file where the library should be");
  gateway_process gateway{config(), options()};
  EXPECT_TRUE(ask(gateway, request("alloy", {{"response_format", "wav"}})).ok());
  const auto unknown = ask(gateway, request("nobody"));
  EXPECT_EQ(unknown.status, 507U) << "it may be a voice of the library: " << unknown.body;
}

TEST_F(openai_speech, leaves_backends_that_speak_openais_dialect_alone) {
  gateway_process gateway{
      config_with(backend("chatterbox-tts", upstream.url(), "type: openai-compatible")), options()};
  const auto body = R"({"model":"kokoro","input":"x","voice":"af_heart","response_format":"flac"})";
  const auto reply = gateway.post("/v1/audio/speech", body, json_type);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(upstream.seen().back().target, "/v1/audio/speech");
  EXPECT_EQ(upstream.seen().back().body, body);
}

} // namespace
} // namespace synapse::audio
