// /v1/audio/transcriptions and /v1/audio/translations for names of a catalog: what each backend is
// asked, and what becomes of an upload when one fails.
#include "tests/audio_deployments/catalog_bed.hpp"

namespace synapse::audio {
namespace {

constexpr const char* path = "/v1/audio/transcriptions";
constexpr const char* cpp_answer = R"({"language":"english","duration":1.5,"text":" Hello there.\n",
"segments":[{"id":0,"text":" Hello there.","start":0.0,"end":1.3}]})";

struct transcription_deployments : testing::Test {
  std::string backends() const {
    return backend("stt", stt.upstream.url(), "type: faster-whisper") +
           backend("cpp", cpp.upstream.url(), "type: whisper-cpp") +
           backend("spe", spe.upstream.url(), "type: speaches") +
           backend("cloud", cloud.upstream.url(), "type: openai");
  }
  /// The name `ears` with these backends, each in a tier of its own.
  std::string config(const std::vector<std::string>& which, std::string_view more = {}) const {
    std::vector<std::string> deployments;
    for (const auto& one : which)
      deployments.push_back("backend: " + one +
                            ", model: w, order: " + std::to_string(deployments.size() + 1));
    return config_with(backends() + std::string{more}, catalog_of("ears", deployments));
  }
  static http_reply ask(const gateway_process& gateway,
                        const std::vector<std::pair<std::string, std::string>>& more = {},
                        const std::string& file = wav(1000), const char* to = path) {
    auto text = form_field("model", "ears");
    for (const auto& [name, value] : more)
      text += form_field(name, value);
    return post_form(gateway, to, form_of(text, file));
  }

  played_listener stt{stt_answer};
  played_listener cpp{cpp_answer};
  played_listener spe{R"({"text":"Hello there.","logprobs":null,"usage":null})"};
  played_listener cloud{R"({"text":"Hello there."})"};
};

TEST_F(transcription_deployments, each_backend_is_asked_in_its_own_words) {
  for (const std::string one : {"stt", "cpp", "spe", "cloud"}) {
    gateway_process gateway{config({one})};
    const auto reply = ask(gateway, {{"language", "en"}, {"prompt", "names"}, {"extra", "x"}});
    ASSERT_TRUE(reply.ok()) << one << reply.body;
    EXPECT_EQ(text_at(reply.body, "/text"), "Hello there.") << one;
    EXPECT_EQ(deployment_of(reply), one + "/w");
  }
  EXPECT_EQ(posts_to(stt.upstream).back().target, "/transcribe");
  EXPECT_EQ(posts_to(cpp.upstream).back().target, "/inference");
  EXPECT_EQ(cpp.sent().at("prompt"), "names");
  EXPECT_EQ(posts_to(spe.upstream).back().target, path);
  EXPECT_EQ(spe.sent().at("model"), "w");
  EXPECT_FALSE(spe.sent().contains("extra"));
  EXPECT_EQ(cloud.sent().at("model"), "w");
  EXPECT_EQ(cloud.sent().at("extra"), "x") << "what is new to us may be known there";
}

TEST_F(transcription_deployments, an_upload_that_is_kept_goes_to_the_next_one) {
  gateway_process gateway{config({"stt", "cpp"})};
  stt.fail(500, R"({"detail":"It has failed."})");
  const auto file = wav(3'000'000, 7);
  const auto reply = ask(gateway, {{"response_format", "verbose_json"}}, file);
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(deployment_of(reply), "cpp/w");
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), "2");
  EXPECT_TRUE(cpp.sent().at("file;a.wav") == file);
  EXPECT_EQ(text_at(reply.body, "/segments/0/text"), " Hello there.");
}

TEST_F(transcription_deployments, an_upload_that_is_too_large_to_keep_is_not_sent_again) {
  gateway_process gateway{config({"stt", "cpp"})};
  stt.fail(500, R"({"detail":"It has failed."})");
  const auto reply = ask(gateway, {}, wav(12'000'000, 7));
  EXPECT_EQ(reply.status, 502U) << reply.body;
  EXPECT_THAT(text_at(reply.body, "/error/message"), HasSubstr("It has failed."));
  EXPECT_TRUE(posts_to(cpp.upstream).empty());
}

TEST_F(transcription_deployments, before_a_byte_has_gone_any_upload_may_go_elsewhere) {
  std::string gone;
  {
    scripted_upstream closed{[](upstream_connection&) {}};
    gone = closed.url();
  }
  gateway_process gateway{config_with(backend("stt", gone, "type: faster-whisper") +
                                          backend("cpp", cpp.upstream.url(), "type: whisper-cpp"),
                                      catalog_of("ears", {"backend: stt, model: w, order: 1",
                                                          "backend: cpp, model: w, order: 2"}))};
  const auto file = wav(12'000'000, 7);
  const auto reply = ask(gateway, {}, file);
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(deployment_of(reply), "cpp/w");
  EXPECT_TRUE(cpp.sent().at("file;a.wav") == file);
}

TEST_F(transcription_deployments, the_model_may_stand_behind_the_file) {
  gateway_process gateway{config({"stt"})};
  const auto reply =
      post_form(gateway, path, form_of({}, wav(200'000), form_field("model", "ears")));
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(deployment_of(reply), "stt/w");
  const auto late =
      post_form(gateway, path, form_of({}, wav(9'000'000), form_field("model", "ears")));
  EXPECT_EQ(late.status, 400U) << late.body;
  EXPECT_EQ(text_at(late.body, "/error/param"), "model");
}

TEST_F(transcription_deployments, a_fault_of_the_form_is_told_once_and_goes_nowhere) {
  gateway_process gateway{config({"stt", "cpp"})};
  const auto language = ask(gateway, {{"language", "klingon"}});
  EXPECT_EQ(language.status, 400U) << language.body;
  EXPECT_EQ(text_at(language.body, "/error/param"), "language");
  const auto words = ask(gateway, {{"timestamp_granularities[]", "word"}});
  EXPECT_EQ(words.status, 400U) << words.body;
  EXPECT_TRUE(posts_to(cpp.upstream).empty());
  EXPECT_TRUE(ask(gateway).ok()) << "the deployment is not to blame";
}

TEST_F(transcription_deployments, a_recording_that_one_cannot_read_may_be_read_by_another) {
  gateway_process gateway{config({"cpp", "spe"})};
  cpp.fail(400, "Invalid request");
  const auto reply = ask(gateway);
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(deployment_of(reply), "spe/w");
  gateway_process alone{config({"cpp"})};
  const auto none = ask(alone);
  EXPECT_EQ(none.status, 400U) << none.body;
  EXPECT_THAT(text_at(none.body, "/error/message"), HasSubstr("cannot read the recording"));
}

TEST_F(transcription_deployments, an_error_with_a_good_status_is_one) {
  for (auto* one : {&cpp, &stt}) {
    const std::lock_guard lock{one->mutex};
    one->said = R"({"error":"out of memory"})";
  }
  gateway_process gateway{config({"cpp", "stt", "spe"})};
  const auto reply = ask(gateway);
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(deployment_of(reply), "spe/w");
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), "3");
  gateway_process alone{config({"cpp"})};
  const auto none = ask(alone);
  EXPECT_GE(none.status, 500U) << none.body;
  EXPECT_THAT(none.body, HasSubstr("out of memory"));
}

TEST_F(transcription_deployments, translations_go_to_those_that_translate) {
  gateway_process gateway{config({"stt", "cpp"})};
  const auto reply = ask(gateway, {}, wav(1000), "/v1/audio/translations");
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(deployment_of(reply), "cpp/w");
  EXPECT_EQ(cpp.sent().at("translate"), "true");
  EXPECT_TRUE(posts_to(stt.upstream).empty());
  gateway_process alone{config({"stt"})};
  const auto none = ask(alone, {}, wav(1000), "/v1/audio/translations");
  EXPECT_EQ(none.status, 501U) << none.body;
}

TEST_F(transcription_deployments, streams_are_openais_whoever_serves_them) {
  for (const std::string one : {"cpp", "spe"}) {
    if (one == "spe")
      spe.upstream.set_script([](upstream_connection& connection) {
        connection.read_request();
        connection.begin_chunked();
        connection.send_chunk("data: {\"delta\":\"Hello\",\"type\":\"transcript.text.delta\"}\n\n"
                              "data: {\"delta\":\" there.\",\"type\":\"transcript.text.delta\"}\n\n"
                              "data: {\"text\":\"\",\"type\":\"transcript.text.done\"}\n\n");
        connection.end_chunks();
      });
    gateway_process gateway{config({one})};
    const auto reply = ask(gateway, {{"stream", "true"}});
    ASSERT_TRUE(reply.ok()) << one << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("transcript.text.done")) << one;
    EXPECT_THAT(reply.body, HasSubstr(R"("text":"Hello there.")")) << one;
  }
}

TEST_F(transcription_deployments, other_models_go_where_they_went) {
  gateway_process without{config({"stt"})};
  const auto form = form_of(form_field("model", "whisper-1"), wav(1000));
  const auto unknown = post_form(without, path, form);
  EXPECT_EQ(unknown.status, 404U);
  EXPECT_EQ(text_at(unknown.body, "/error/code"), "model_not_found");
  gateway_process with{
      config({"cpp"}, backend("whisper-stt", stt.upstream.url(), "type: faster-whisper"))};
  const auto reply = post_form(with, path, form);
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(deployment_of(reply), "");
  EXPECT_EQ(text_at(reply.body, "/text"), "Hello there.");
  gateway_process openai{
      config({"cpp"}, backend("whisper-stt", cloud.upstream.url(), "type: openai-compatible"))};
  ASSERT_TRUE(post_form(openai, path, form).ok());
  EXPECT_TRUE(posts_to(cloud.upstream).back().body == form) << "as it came";
}

} // namespace
} // namespace synapse::audio
