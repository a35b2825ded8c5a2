#pragma once

#include "backends/engine/programs.hpp"
#include "backends/web/fastapi_service.hpp"
#include "backends/web/unverified.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

struct pyannote_options {
  engine_programs programs;
  unverified_shape shape;
};

/// The reference project's pyannote-speaker: who speaks when, and whether two recordings are of one
/// speaker, from statistics of the sounds.
class pyannote_speaker final : public fastapi_service {
public:
  explicit pyannote_speaker(pyannote_options options);

  std::string_view name() const override { return "pyannote-speaker"; }
  std::vector<std::string> notices() const override { return missing_; }

protected:
  response unexpected(std::string_view what) const override;

private:
  asio::awaitable<void> diarize_route(const request& in, exchange& out);
  asio::awaitable<void> verify_route(const request& in, exchange& out);

  pyannote_options options_;
  std::vector<std::string> missing_;
  bool loaded_ = false;
};

} // namespace synapse::backends
