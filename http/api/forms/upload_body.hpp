/// @file
/// A body on its way in whose beginning is kept, so that it can be read more than once.
#pragma once

#include "http/server/exchange/exchange.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace synapse::api {

/// The exchange's body, piece by piece. All of it is kept until it exceeds a limit; from then on it
/// is read once, and nothing of it is kept. On the exchange's thread.
class upload_body {
public:
  /// @param most bytes that are kept
  upload_body(server::exchange& exchange, std::size_t most) : ex_(exchange), most_(most) {}
  upload_body(const upload_body&) = delete;
  upload_body& operator=(const upload_body&) = delete;

  /// As those of the exchange.
  http::body_piece next(std::string_view& piece);
  void release();

  /// What was read is still here.
  bool is_kept() const noexcept { return keeps_; }
  /// From the beginning. @pre is_kept()
  void rewind();
  /// All that was read, which is taken for passed on. @pre is_kept()
  std::string_view begun();

private:
  void release_own();

  server::exchange& ex_;
  std::size_t most_;
  std::string kept_;
  std::size_t at_ = 0;     ///< in it, what comes next
  std::size_t handed_ = 0; ///< bytes of it that are being looked at
  bool own_ = false;       ///< a piece of the exchange's is being looked at
  bool keeps_ = true;
};

} // namespace synapse::api
