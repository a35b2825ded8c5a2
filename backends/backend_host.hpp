#pragma once

#include "backends/audio/deepfilter_audio.hpp"
#include "backends/llama/llama_embed.hpp"
#include "backends/llama/llama_router.hpp"
#include "backends/ollama/ollama.hpp"
#include "backends/piper/piper.hpp"
#include "backends/recognition/whisper_stt.hpp"
#include "backends/server/counters.hpp"
#include "backends/speaches/speaches.hpp"
#include "backends/speakers/pyannote_speaker.hpp"
#include "backends/speech/chatterbox_tts.hpp"
#include "backends/vllm/vllm.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// Which services to run, and how.
struct host_options {
  std::string host = "127.0.0.1"; ///< an IP address
  bool allow_misbehave = false;   ///< answer to X-Misbehave, /__misbehave and /__counters
  std::function<void(const std::string&)> log; ///< one line per request, on the host's thread

  struct listening {
    std::uint16_t port = 0;                ///< 0: any free one
    std::vector<misbehavior> misbehaviors; ///< for every request from the start
  };
  std::optional<std::pair<listening, llama_embed_options>> llama_embed;
  std::optional<std::pair<listening, llama_router_options>> llama_router;
  std::optional<std::pair<listening, chatterbox_options>> chatterbox_tts;
  std::optional<std::pair<listening, whisper_options>> whisper_stt;
  std::optional<std::pair<listening, pyannote_options>> pyannote_speaker;
  std::optional<std::pair<listening, deepfilter_options>> deepfilter_audio;
  std::optional<std::pair<listening, ollama_options>> ollama;
  std::optional<std::pair<listening, vllm_options>> vllm;
  std::optional<std::pair<listening, speaches_options>> speaches;
  std::optional<std::pair<listening, piper_options>> piper;
};

/// Runs backends in a thread of its own. For the program and for tests in one process.
class backend_host {
public:
  explicit backend_host(host_options options);

  /// Stops if still running.
  ~backend_host();

  backend_host(const backend_host&) = delete;
  backend_host& operator=(const backend_host&) = delete;

  /// Opens all listeners, then serves in the background. Call once.
  /// @returns an empty text, or what went wrong; nothing runs then.
  std::string start();

  /// Cuts all connections and waits for the thread. May be called again.
  void stop();

  /// @returns the services that run, in the order of their start.
  std::vector<std::string> services() const;

  /// @returns what the operator should know, e.g. `whisper-stt: missing program: ffmpeg`.
  std::vector<std::string> notices() const;

  /// @returns the port a service listens on, 0 if it does not run. Any thread.
  std::uint16_t port(std::string_view service) const;

  /// @returns `http://<host>:<port>` of a service. Any thread.
  std::string url(std::string_view service) const;

  /// @returns what a service has done so far. Any thread. @pre the service was asked for
  const service_counters& counters(std::string_view service) const;

  /// Lets a service misbehave for the next requests. Any thread; in force when it returns.
  /// @param spec as in parse_misbehavior()
  /// @param times 0 = until the spec `none`
  /// @returns an empty text, or what is wrong with the spec.
  std::string misbehave(std::string_view service, std::string_view spec, std::uint64_t times = 1);

private:
  struct running;
  std::unique_ptr<running> running_;
};

} // namespace synapse::backends
