#include "http/api/forms/upload_body.hpp"

#include "http/api/deployments/line_limit.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace synapse::api {

namespace {
/// Of what is kept: more at once would be held up as a whole by a slow backend.
constexpr std::size_t piece_bytes = 64 * 1024;
constexpr unsigned most_lines = 20; ///< a second, of each thread
} // namespace

upload_body::upload_body(server::exchange& exchange) : ex_(exchange) {}

upload_body::~upload_body() {
  let_go();
}

http::body_piece upload_body::next(std::string_view& piece) {
  if (at_ < kept_.size()) {
    piece = std::string_view{kept_}.substr(at_, piece_bytes);
    handed_ = piece.size();
    return http::body_piece::data;
  }
  const auto how = ex_.next_piece(piece);
  if (how != http::body_piece::data)
    return how;
  own_ = true;
  if (keeps_ && !keep(piece)) {
    keeps_ = false;
    let_go();
  }
  return how;
}

/// @returns false when a limit is in the way
bool upload_body::keep(std::string_view piece) {
  const auto& limits = ex_.settings().limits;
  if (kept_.size() + piece.size() > limits.max_kept_upload_bytes) {
    if (bounded_)
      note(telemetry::upload_unkept::size);
    return false;
  }
  auto& room = ex_.owner().life.uploads;
  if (!bounded_) {
    room.take_anyway(piece.size());
  } else if (!room.take(piece.size(), limits.max_kept_uploads_total_bytes)) {
    note(telemetry::upload_unkept::total);
    return false;
  }
  ex_.owner().metrics->uploads_kept.add(static_cast<std::int64_t>(piece.size()));
  kept_.append(piece);
  at_ = kept_.size();
  return true;
}

void upload_body::let_go() {
  if (kept_.empty())
    return;
  ex_.owner().life.uploads.give_back(kept_.size());
  ex_.owner().metrics->uploads_kept.add(-static_cast<std::int64_t>(kept_.size()));
  at_ = 0;
  std::string{}.swap(kept_);
}

void upload_body::note(telemetry::upload_unkept why) {
  ex_.owner().metrics->uploads_unkept[why].increment();
  static thread_local line_limit limit{most_lines};
  std::uint64_t left_out = 0;
  if (why != telemetry::upload_unkept::total || !limit.allows(net::io_thread::recent(), left_out))
    return;
  const auto more = left_out == 0
                        ? std::string{}
                        : " (" + std::to_string(left_out) + " lines like this were left out)";
  spdlog::warn("request {}: its form is not kept, so no second deployment can be asked: kept ones "
               "have used up limits.max_kept_uploads_total_bytes{}",
               ex_.id(), more);
}

void upload_body::release() {
  if (own_) {
    release_own();
  } else {
    at_ += handed_;
    handed_ = 0;
    if (!keeps_ && at_ == kept_.size())
      let_go();
  }
}

void upload_body::release_own() {
  own_ = false;
  ex_.release_piece();
}

void upload_body::rewind() {
  if (own_)
    release_own();
  handed_ = 0;
  at_ = 0;
}

void upload_body::once() {
  rewind();
  keeps_ = false;
}

std::string_view upload_body::begun() {
  rewind();
  keeps_ = false;
  at_ = kept_.size();
  return kept_;
}

} // namespace synapse::api
