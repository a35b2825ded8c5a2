/// @file
/// A body on its way in whose beginning is kept, so that it can be read more than once.
#pragma once

#include "http/server/exchange/exchange.hpp"
#include "telemetry/metric_labels.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace synapse::api {

/// The exchange's body, piece by piece. All of it is kept until it exceeds a limit, or all kept
/// bodies together do theirs; from then on it is read once, and nothing of it is kept. What is read
/// before `bounded` has to be there again in any case, and is bounded by its own limit only. On the
/// exchange's thread.
class upload_body {
public:
  /// Limits: `limits.max_kept_upload_bytes` and `max_kept_uploads_total_bytes`, as the exchange
  /// has them.
  explicit upload_body(server::exchange& exchange);
  upload_body(const upload_body&) = delete;
  upload_body& operator=(const upload_body&) = delete;
  ~upload_body();

  /// As those of the exchange.
  http::body_piece next(std::string_view& piece);
  void release();

  /// What was read is still here.
  bool is_kept() const noexcept { return keeps_; }
  /// From the beginning. @pre is_kept()
  void rewind();
  /// From here on the limit of all kept bodies together holds, too.
  void bounded() noexcept { bounded_ = true; }
  /// From the beginning, and for the last time: nothing further is kept. @pre is_kept()
  void once();
  /// All that was read, which is taken for passed on. @pre is_kept()
  std::string_view begun();

private:
  void release_own();
  bool keep(std::string_view piece);
  void let_go();
  void note(telemetry::upload_unkept why);

  server::exchange& ex_;
  std::string kept_;
  std::size_t at_ = 0;     ///< in it, what comes next
  std::size_t handed_ = 0; ///< bytes of it that are being looked at
  bool own_ = false;       ///< a piece of the exchange's is being looked at
  bool keeps_ = true;
  bool bounded_ = false;
};

} // namespace synapse::api
