#pragma once

#include "backends/backend_host.hpp"
#include "tests/backends/raw_client.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace synapse::backends::test {

using std::chrono::milliseconds;

/// Router options that make tests quick: no pacing, loading takes no time.
inline llama_router_options quick_router() {
  llama_router_options out;
  out.pool.models = default_models();
  out.pool.load_time = milliseconds(0);
  out.pool.unload_time = milliseconds(20);
  out.speed.tokens_per_second = 0;
  return out;
}

/// One service in this process, on any free port.
class hosted {
public:
  explicit hosted(llama_router_options router) : hosted("llama-router", options_with(router)) {}
  explicit hosted(llama_embed_options embed) : hosted("llama-embed", options_with(embed)) {}
  explicit hosted(chatterbox_options tts)
      : hosted("chatterbox-tts", options_with(&host_options::chatterbox_tts, std::move(tts))) {}
  explicit hosted(whisper_options stt)
      : hosted("whisper-stt", options_with(&host_options::whisper_stt, std::move(stt))) {}
  explicit hosted(pyannote_options speakers)
      : hosted("pyannote-speaker",
               options_with(&host_options::pyannote_speaker, std::move(speakers))) {}
  explicit hosted(deepfilter_options audio)
      : hosted("deepfilter-audio",
               options_with(&host_options::deepfilter_audio, std::move(audio))) {}

  explicit hosted(ollama_options options)
      : hosted("ollama", options_with(&host_options::ollama, std::move(options))) {}
  explicit hosted(vllm_options options)
      : hosted("vllm", options_with(&host_options::vllm, std::move(options))) {}
  explicit hosted(speaches_options options)
      : hosted("speaches", options_with(&host_options::speaches, std::move(options))) {}
  explicit hosted(piper_options options)
      : hosted("piper", options_with(&host_options::piper, std::move(options))) {}

  std::uint16_t port() const { return host_.port(name_); }
  const service_counters& counters() const { return host_.counters(name_); }
  void misbehave(const std::string& spec, std::uint64_t times = 1) {
    EXPECT_EQ(host_.misbehave(name_, spec, times), "");
  }
  backend_host& host() { return host_; }

  answer get(std::string_view target, const std::vector<std::string>& fields = {}) {
    return ask(port(), "GET", target, {}, fields);
  }
  answer post(std::string_view target, const json& body,
              const std::vector<std::string>& fields = {}) {
    return ask(port(), "POST", target, body.dump(), fields);
  }

  /// @returns `status.value` of a model in `GET /models`.
  std::string state_of(const std::string& model) {
    auto list = get("/models").parsed();
    for (const auto& each : list["data"])
      if (each["id"] == model)
        return each["status"]["value"];
    return "unknown";
  }

private:
  hosted(std::string name, host_options options)
      : name_(std::move(name)), host_(std::move(options)) {
    auto problem = host_.start();
    if (!problem.empty())
      throw std::runtime_error(problem);
  }

  static host_options options_with(llama_router_options router) {
    host_options out;
    out.allow_misbehave = true;
    out.llama_router.emplace(host_options::listening{}, std::move(router));
    return out;
  }

  static host_options options_with(llama_embed_options embed) {
    host_options out;
    out.allow_misbehave = true;
    out.llama_embed.emplace(host_options::listening{}, std::move(embed));
    return out;
  }

  template <class Member, class Options>
  static host_options options_with(Member member, Options wanted) {
    host_options out;
    out.allow_misbehave = true;
    (out.*member).emplace(host_options::listening{}, std::move(wanted));
    return out;
  }

  std::string name_;
  backend_host host_;
};

/// @returns a chat request to local-echo.
inline json echo_chat(const std::string& text, bool stream = false) {
  return {{"model", "local-echo"},
          {"stream", stream},
          {"messages", json::array({{{"role", "user"}, {"content", text}}})}};
}

/// Checks an error answer of llama.cpp's shape.
inline void expect_error(const answer& got, int status, const std::string& type,
                         const std::string& message) {
  EXPECT_EQ(got.status, status) << got.body;
  auto error = got.parsed().at("error");
  EXPECT_EQ(error.at("code"), status);
  EXPECT_EQ(error.at("type"), type);
  EXPECT_EQ(error.at("message"), message);
}

} // namespace synapse::backends::test
