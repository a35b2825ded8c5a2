// /v1/audio/speech for names of a catalog: which deployment speaks, with which voice, and what
// follows where it cannot.
#include "tests/audio_deployments/catalog_bed.hpp"

namespace synapse::audio {
namespace {

constexpr const char* speech_path = "/v1/audio/speech";

/// A Piper with two voices, of any generation.
struct played_piper {
  enum class routes { synthesize, root, text };

  std::string answer(const upstream_request& request) {
    const auto now = generation.load();
    const bool get = request.method == "GET";
    if (get && request.target == "/")
      return now == routes::synthesize ? page(200, "Piper")
             : now == routes::root     ? page(405, "Method Not Allowed")
                                       : page(500, "Internal Server Error");
    if (get && request.target == "/voices" && now != routes::text)
      return answer_bytes(200, voices);
    if (get && request.target == "/info" && now == routes::synthesize)
      return answer_bytes(200, R"({"voice":{"name":"en_US-amy-low","language":"en-us"}})");
    const std::string speaks = now == routes::synthesize ? "/synthesize" : "/";
    if (get || request.target != speaks)
      return page(request.target == "/" ? 405 : 404, "Not Found");
    if (status != 200)
      return page(status, "Internal Server Error");
    return answer_bytes(200, sound, "text/html; charset=utf-8");
  }
  std::size_t spoken() const { return posts_to(upstream).size(); }
  json last_body() const { return json::parse(posts_to(upstream).back().body, nullptr, false); }

  std::string voices = R"({"en_US-amy-low":{"audio":{"sample_rate":16000},"num_speakers":1},
      "de_DE-thorsten-low":{"audio":{"sample_rate":16000},"num_speakers":1}})";
  std::string sound = wav(2'000, 4, 16000);
  std::atomic<routes> generation{routes::synthesize};
  std::atomic<unsigned> status{200};
  scripted_upstream upstream{
      answer_each([this](const upstream_request& request) { return answer(request); })};
};

/// A Chatterbox, as tests/audio plays it.
struct played_chatterbox {
  std::string answer(const upstream_request& request) {
    const std::lock_guard lock{mutex};
    if (request.target == "/upload_reference") {
      const auto parts = parts_of(request);
      const auto name = parts.empty() ? std::string{} : parts[0].first;
      const auto kept = "kept_" + name.substr(std::min<std::size_t>(6, name.size()));
      references[kept] = parts.empty() ? std::string{} : parts[0].second;
      ++uploads;
      return answer_bytes(200, json{{"message", "Processed 1 file(s)."},
                                    {"uploaded_files", {kept}},
                                    {"all_reference_files", {kept}},
                                    {"errors", json::array()}}
                                   .dump());
    }
    if (status != 200)
      return answer_bytes(status, R"({"detail":"It has failed."})");
    const auto body = json::parse(request.body, nullptr, false);
    if (body.contains("reference_audio_filename") &&
        !references.contains(body["reference_audio_filename"].get<std::string>()))
      return answer_bytes(404, R"({"detail":"Reference audio file 'x' not found."})");
    if (body.contains("voice") && body["voice"] == "Nobody.wav")
      return answer_bytes(404, R"({"detail":"Voice file 'Nobody.wav' not found."})");
    return answer_bytes(200, sound, "audio/wav");
  }
  json last_body() const { return json::parse(posts_to(upstream).back().body, nullptr, false); }

  std::mutex mutex;
  std::map<std::string, std::string> references;
  std::atomic<int> uploads{0};
  std::atomic<unsigned> status{200};
  std::string sound = wav(3'000, 3, 24000);
  scripted_upstream upstream{
      answer_each([this](const upstream_request& request) { return answer(request); })};
};

/// A Speaches with one model for speech and one for transcription.
struct played_speaches {
  std::string answer(const upstream_request& request) {
    if (request.target == "/v1/models")
      return answer_bytes(200, R"({"object":"list","data":[
        {"id":"a/kokoro","task":"text-to-speech","sample_rate":24000,
         "voices":[{"name":"af_heart"},{"name":"am_adam"}]},
        {"id":"a/whisper","task":"automatic-speech-recognition"}]})");
    return empty ? answer_bytes(200, "", "audio/wav") : answer_bytes(200, sound, "audio/wav");
  }
  json last_body() const { return json::parse(posts_to(upstream).back().body, nullptr, false); }

  std::atomic<bool> empty{false};
  std::string sound = wav(4'000, 5, 24000);
  scripted_upstream upstream{
      answer_each([this](const upstream_request& request) { return answer(request); })};
};

struct speech_deployments : testing::Test {
  static std::string tier(std::string_view backend, std::string_view model, int order,
                          std::string_view more = {}) {
    return "backend: " + std::string{backend} + ", model: " + std::string{model} +
           ", order: " + std::to_string(order) + std::string{more};
  }
  std::string backends() const {
    return backend("box", chatterbox.upstream.url(), "type: chatterbox") +
           backend("pip", piper.upstream.url(), "type: piper") +
           backend("spe", speaches.upstream.url(), "type: speaches");
  }
  std::string config(const std::vector<std::string>& deployments) const {
    return config_with(backends(), catalog_of("narrator", deployments));
  }
  gateway_process::options options() const {
    gateway_process::options how;
    how.environment["SYNAPSE_VOICE_LIBRARY_DIR"] = (files.path() / "library").string();
    return how;
  }
  static json request(json more = json::object()) {
    json body{{"model", "narrator"}, {"input", "Hello."}, {"voice", "alloy"}};
    body.update(more);
    return body;
  }
  static http_reply ask(const gateway_process& gateway, const json& body) {
    return gateway.post(speech_path, body.dump(), json_type);
  }
  const std::vector<std::string> piper_first{tier("pip", "en", 1), tier("box", "chatterbox", 2)};

  temporary_directory files;
  played_piper piper;
  played_chatterbox chatterbox;
  played_speaches speaches;
};

TEST_F(speech_deployments, a_piper_speaks_with_a_voice_that_it_has) {
  gateway_process gateway{config(piper_first), options()};
  const auto reply = ask(gateway, request({{"voice", "de_DE-thorsten-low"}, {"speed", 2}}));
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_TRUE(reply.body == piper.sound);
  EXPECT_EQ(reply.field("Content-Type"), "audio/wav");
  EXPECT_EQ(deployment_of(reply), "pip/en");
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), "1");
  EXPECT_EQ(piper.last_body(),
            (json{{"text", "Hello."}, {"voice", "de_DE-thorsten-low"}, {"length_scale", 0.5}}));
  ASSERT_TRUE(ask(gateway, request()).ok());
  EXPECT_EQ(piper.last_body(), (json{{"text", "Hello."}})) << "any voice";
  ASSERT_TRUE(ask(gateway, request({{"language", "de"}})).ok());
  EXPECT_EQ(piper.last_body()["voice"], "de_DE-thorsten-low");
}

TEST_F(speech_deployments, lists_are_asked_for_once) {
  auto text = config(piper_first);
  text.replace(text.find("threads: 2"), 10, "threads: 1");
  gateway_process gateway{text, options()};
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(ask(gateway, request()).ok());
  // The scout, which finds out what backends have, may have asked once on its own account.
  EXPECT_LE(count_of(piper.upstream, "/voices"), 2U);
  EXPECT_GE(count_of(piper.upstream, "/voices"), 1U);
  EXPECT_EQ(count_of(piper.upstream, "/synthesize"), 5U);
}

TEST_F(speech_deployments, a_piper_is_never_asked_for_a_voice_that_it_has_not_got) {
  gateway_process gateway{config({tier("pip", "en", 1)}), options()};
  const auto reply = ask(gateway, request({{"voice", "nobody"}}));
  EXPECT_EQ(reply.status, 400U) << reply.body;
  EXPECT_EQ(text_at(reply.body, "/error/param"), "voice");
  EXPECT_THAT(text_at(reply.body, "/error/message"), HasSubstr("en_US-amy-low"));
  EXPECT_EQ(piper.spoken(), 0U);
}

TEST_F(speech_deployments, what_one_cannot_do_another_one_does) {
  gateway_process gateway{config(piper_first), options()};
  chatterbox.sound = std::string{"\xff\xfb\x90\x00", 4} + std::string(100, 'x');
  const auto mp3 = ask(gateway, request({{"response_format", "mp3"}}));
  ASSERT_TRUE(mp3.ok()) << mp3.body;
  EXPECT_EQ(mp3.field("Content-Type"), "audio/mpeg");
  EXPECT_EQ(deployment_of(mp3), "box/chatterbox");
  const auto emily = ask(gateway, request({{"voice", "Emily"}}));
  ASSERT_TRUE(emily.ok()) << emily.body;
  EXPECT_EQ(deployment_of(emily), "box/chatterbox");
  EXPECT_EQ(chatterbox.last_body()["voice"], "Emily.wav");
  EXPECT_EQ(piper.spoken(), 0U);
}

TEST_F(speech_deployments, what_none_can_do_is_told_of_each) {
  gateway_process gateway{config(piper_first), options()};
  const auto reply = ask(gateway, request({{"response_format", "flac"}}));
  EXPECT_EQ(reply.status, 400U) << reply.body;
  EXPECT_EQ(text_at(reply.body, "/error/param"), "response_format");
  const auto message = text_at(reply.body, "/error/message");
  EXPECT_THAT(message, HasSubstr("pip/en: backend pip makes no flac, only wav and pcm"));
  EXPECT_THAT(message, HasSubstr("box/chatterbox: backend box makes no flac, only mp3, opus, wav"));
}

TEST_F(speech_deployments, a_failure_goes_to_the_next_one) {
  gateway_process gateway{config(piper_first), options()};
  piper.status = 500;
  const auto reply = ask(gateway, request({{"response_format", "wav"}}));
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_TRUE(reply.body == chatterbox.sound);
  EXPECT_EQ(deployment_of(reply), "box/chatterbox");
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), "2");
  EXPECT_EQ(reply.field("X-Synapse-Fallback"), "order");
  chatterbox.status = 500;
  const auto none = ask(gateway, request({{"response_format", "wav"}}));
  EXPECT_EQ(none.status, 502U) << none.body;
  EXPECT_THAT(text_at(none.body, "/error/message"), HasSubstr("box/chatterbox"));
}

TEST_F(speech_deployments, a_backend_that_is_down_is_left_out) {
  std::string gone;
  {
    scripted_upstream closed{[](upstream_connection&) {}};
    gone = closed.url();
  }
  gateway_process gateway{
      config_with(backend("box", chatterbox.upstream.url(), "type: chatterbox") +
                      backend("pip", gone, "type: piper"),
                  catalog_of("narrator", piper_first)),
      options()};
  for (int i = 0; i < 3; ++i) {
    const auto reply = ask(gateway, request({{"response_format", "wav"}}));
    ASSERT_TRUE(reply.ok()) << reply.body;
    EXPECT_EQ(deployment_of(reply), "box/chatterbox");
  }
}

TEST_F(speech_deployments, every_generation_of_piper_is_found_out) {
  using routes = played_piper::routes;
  piper.generation = routes::text;
  gateway_process gateway{config({tier("pip", "en", 1)}), options()};
  ASSERT_TRUE(ask(gateway, request()).ok());
  EXPECT_EQ(posts_to(piper.upstream).back().body, "Hello.");
  EXPECT_EQ(ask(gateway, request({{"voice", "en_US-amy-low"}})).status, 400U);
  EXPECT_EQ(ask(gateway, request({{"speed", 2}})).status, 400U);
}

TEST_F(speech_deployments, a_piper_of_another_generation_is_asked_anew) {
  using routes = played_piper::routes;
  gateway_process gateway{config({tier("pip", "en", 1)}), options()};
  ASSERT_TRUE(ask(gateway, request()).ok());
  EXPECT_EQ(posts_to(piper.upstream).back().target, "/synthesize");
  piper.generation = routes::root; // an older one in its place
  const auto reply = ask(gateway, request());
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(posts_to(piper.upstream).back().target, "/");
}

TEST_F(speech_deployments, a_voice_of_the_library_speaks_where_it_can_be_cloned) {
  gateway_process gateway{config(piper_first), options()};
  const auto made = post_form(gateway, "/voices",
                              form_field("name", "Anna") +
                                  form_file(wav(5000, 1), "a.wav", "files") + end_of_form);
  const auto anna = text_at(made.body, "/voice_id");
  for (const auto& voice : {anna, std::string{"Anna"}}) {
    const auto reply = ask(gateway, request({{"voice", voice}, {"response_format", "wav"}}));
    ASSERT_TRUE(reply.ok()) << reply.body;
    EXPECT_EQ(deployment_of(reply), "box/chatterbox");
    EXPECT_THAT(chatterbox.last_body()["reference_audio_filename"].get<std::string>(),
                HasSubstr(anna));
  }
  EXPECT_EQ(chatterbox.uploads, 1);
  {
    const std::lock_guard lock{chatterbox.mutex};
    chatterbox.references.clear(); // it was restarted
  }
  EXPECT_TRUE(ask(gateway, request({{"voice", anna}, {"response_format", "wav"}})).ok());
  EXPECT_EQ(chatterbox.uploads, 2);
  EXPECT_EQ(piper.spoken(), 0U);
}

TEST_F(speech_deployments, a_voice_of_the_library_is_nothing_for_those_that_cannot_clone) {
  gateway_process gateway{config({tier("pip", "en", 1), tier("spe", "a/kokoro", 2)}), options()};
  post_form(gateway, "/voices",
            form_field("name", "Anna") + form_file(wav(5000, 1), "a.wav", "files") + end_of_form);
  const auto reply = ask(gateway, request({{"voice", "Anna"}, {"response_format", "wav"}}));
  EXPECT_EQ(reply.status, 400U) << reply.body;
  EXPECT_EQ(text_at(reply.body, "/error/param"), "voice");
  EXPECT_THAT(text_at(reply.body, "/error/message"), HasSubstr("cannot clone"));
}

TEST_F(speech_deployments, a_speaches_is_asked_for_what_its_model_has) {
  gateway_process gateway{config({tier("spe", "a/kokoro", 1), tier("box", "chatterbox", 2)}),
                          options()};
  const auto adam = ask(gateway, request({{"voice", "am_adam"}, {"response_format", "wav"}}));
  ASSERT_TRUE(adam.ok()) << adam.body;
  EXPECT_EQ(deployment_of(adam), "spe/a/kokoro");
  EXPECT_EQ(speaches.last_body(), (json{{"model", "a/kokoro"},
                                        {"input", "Hello."},
                                        {"voice", "am_adam"},
                                        {"response_format", "wav"}}));
  const auto fast = ask(gateway, request({{"speed", 3}, {"response_format", "wav"}}));
  ASSERT_TRUE(fast.ok()) << fast.body;
  EXPECT_EQ(deployment_of(fast), "box/chatterbox") << "a Kokoro speaks at 0.5 to 2";
  speaches.empty = true;
  const auto other = ask(gateway, request({{"response_format", "wav"}}));
  ASSERT_TRUE(other.ok()) << other.body;
  EXPECT_EQ(deployment_of(other), "box/chatterbox") << "an empty 200 is no recording";
}

TEST_F(speech_deployments, an_unknown_voice_is_a_fault_of_the_request) {
  gateway_process gateway{config({tier("box", "chatterbox", 1)}), options()};
  const auto reply = ask(gateway, request({{"voice", "nobody"}}));
  EXPECT_EQ(reply.status, 400U) << reply.body;
  EXPECT_EQ(text_at(reply.body, "/error/param"), "voice");
  EXPECT_THAT(text_at(reply.body, "/error/message"), HasSubstr("nobody"));
}

TEST_F(speech_deployments, a_deployment_fills_in_what_is_left_out) {
  gateway_process gateway{config({tier("pip", "en", 1, ", defaults: {voice: de_DE-thorsten-low}")}),
                          options()};
  const auto reply = ask(gateway, {{"model", "narrator"}, {"input", "Hallo."}});
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(piper.last_body()["voice"], "de_DE-thorsten-low");
  ASSERT_TRUE(ask(gateway, request({{"voice", "en_US-amy-low"}})).ok());
  EXPECT_EQ(piper.last_body()["voice"], "en_US-amy-low");
}

TEST_F(speech_deployments, other_models_go_where_they_went) {
  gateway_process without{config(piper_first), options()};
  const auto unknown = ask(without, request({{"model", "tts-1"}}));
  EXPECT_EQ(unknown.status, 404U);
  EXPECT_EQ(text_at(unknown.body, "/error/code"), "model_not_found");
  gateway_process with{config_with(backends() + backend("chatterbox-tts", chatterbox.upstream.url(),
                                                        "type: chatterbox"),
                                   catalog_of("narrator", piper_first)),
                       options()};
  const auto reply = ask(with, request({{"model", "tts-1"}, {"response_format", "wav"}}));
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(deployment_of(reply), "");
  EXPECT_TRUE(reply.body == chatterbox.sound);
}

TEST_F(speech_deployments, events_come_from_whoever_speaks) {
  gateway_process gateway{config(piper_first), options()};
  piper.status = 500;
  const auto reply = ask(gateway, request({{"response_format", "wav"}, {"stream_format", "sse"}}));
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr("speech.audio.delta"));
  EXPECT_THAT(reply.body, HasSubstr("speech.audio.done"));
}

} // namespace
} // namespace synapse::audio
