#pragma once

#include "backends/engine/programs.hpp"
#include "backends/engine/turnstile.hpp"
#include "backends/speech/synthesizer.hpp"
#include "backends/standin/standin_service.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// Which route speaks: it changed twice.
enum class piper_routes {
  root,       ///< `POST /` with JSON
  synthesize, ///< `POST /synthesize` with JSON; `GET /` is a page
  text,       ///< `POST /` with the bare text, `GET /?text=`; no other route
};

/// A voice that is installed.
struct piper_voice {
  std::string_view name;
  std::string_view espeak; ///< as `/voices` says it
  std::string_view language;
  std::string_view flite;
  std::string_view variant;
};

struct piper_options {
  engine_programs programs;
  piper_routes routes = piper_routes::root;
  std::string voice = "en_US-lessac-medium"; ///< the default one
  std::chrono::milliseconds load_time{0};    ///< connections are refused at first
};

/// @returns the voice of that name; null: there is none.
const piper_voice* find_piper_voice(std::string_view name);

/// Piper's HTTP server, speaking with flite and espeak-ng, one text at a time.
class piper final : public standin_service {
public:
  explicit piper(piper_options options);

  std::string_view name() const override { return "piper"; }
  std::vector<std::string> notices() const override { return missing_; }
  std::chrono::milliseconds closed_at_start() const override { return options_.load_time; }

protected:
  response refusal(const request& in, const standin_problem& what) const override;
  response no_route(const request& in, bool known) const override;

private:
  asio::awaitable<void> from_json(const request& in, exchange& out);
  asio::awaitable<void> from_text(const request& in, exchange& out);
  asio::awaitable<void> say(exchange& out, speech_order order);
  speech_order order_of(const std::string& text, std::string_view voice, double scale) const;
  json voices() const;
  json info() const;

  piper_options options_;
  std::vector<std::string> missing_;
  turnstile turns_;
  json last_; ///< what was spoken last, as `/info` tells it
};

} // namespace synapse::backends
