/// @file
/// A Chatterbox that the tests play themselves, traps included.
#pragma once

#include "tests/audio/audio_bed.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <set>

namespace synapse::audio {

struct speech : testing::Test {
  /// What Chatterbox does: an upload is listed under a name of its own, a /tts with a reference it
  /// does not have is 404.
  std::string answer(const upstream_request& request) {
    const std::lock_guard lock{mutex};
    if (request.target == "/upload_reference") {
      const auto parts = parts_of(request);
      EXPECT_EQ(parts.size(), 1U);
      EXPECT_FALSE(request.chunked);
      const auto name = parts.empty() ? std::string{} : parts[0].first;
      EXPECT_TRUE(name.starts_with("files;"));
      const auto kept = "kept_" + name.substr(std::min<std::size_t>(6, name.size()));
      references[kept] = parts.empty() ? std::string{} : parts[0].second;
      ++uploads;
      return answer_bytes(200, json{{"message", "Processed 1 file(s)."},
                                    {"uploaded_files", {kept}},
                                    {"all_reference_files", {"old.wav", kept}},
                                    {"errors", json::array()}}
                                   .dump());
    }
    const auto body = json::parse(request.body, nullptr, false);
    if (body.contains("reference_audio_filename") &&
        !references.contains(body["reference_audio_filename"].get<std::string>()))
      return answer_bytes(404, R"({"detail":"Reference audio file 'x' not found."})");
    if (body.contains("voice") && body["voice"] == "Nobody.wav")
      return answer_bytes(404, R"({"detail":"Voice file 'Nobody.wav' not found."})");
    return answer_bytes(200, sound, "audio/wav",
                        "Content-Disposition: attachment; filename=\"tts_output.wav\"\r\n");
  }

  std::string config(std::string_view keys = {}) const {
    return config_with(
        backend("chatterbox-tts", upstream.url(), "type: chatterbox" + std::string{keys}));
  }
  gateway_process::options options() const {
    gateway_process::options how;
    how.environment["SYNAPSE_VOICE_LIBRARY_DIR"] = (files.path() / "library").string();
    return how;
  }
  static std::string make_voice(const gateway_process& gateway, const std::string& name,
                                const std::string& reference) {
    const auto reply =
        post_form(gateway, "/voices",
                  form_field("name", name) + form_file(reference, "a.wav", "files") + end_of_form);
    EXPECT_EQ(reply.status, 201U) << reply.body;
    return text_at(reply.body, "/voice_id");
  }
  static http_reply post_json(const gateway_process& gateway, std::string_view path,
                              const json& body) {
    return gateway.post(path, body.dump(), json_type);
  }
  json last_body() const { return json::parse(upstream.seen().back().body, nullptr, false); }

  std::mutex mutex;
  std::map<std::string, std::string> references; ///< by the name that the backend gave
  std::atomic<int> uploads{0};
  std::string sound = wav(48'000, 3, 24000);
  temporary_directory files;
  scripted_upstream upstream{
      answer_each([this](const upstream_request& request) { return answer(request); })};
};

} // namespace synapse::audio
