/// @file
/// A form on its way in: the exchange's body, piece by piece, through the strict multipart reader.
#pragma once

#include "http/api/forms/upload_body.hpp"
#include "http/api/request/refusal.hpp"
#include "http/core/body/multipart.hpp"
#include "http/server/connection/body_pace.hpp"
#include "http/server/exchange/exchange.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::api {

/// Holds no more than a part's headers and one piece. On the exchange's thread.
class form_input {
public:
  enum class step {
    part_begin, ///< `part()` is complete
    data,       ///< some of the part's data, valid until the next call
    part_end,
    end,    ///< all of the form has been read, and it was one
    wait,   ///< nothing more yet; the exchange is woken when there is
    failed, ///< see `why`
  };

  /// @param max_bytes of the whole body; 413 beyond. @param kept reads the body; null: it is read
  /// once, from the exchange. Outlives this.
  form_input(server::exchange& exchange, std::string_view boundary, std::uint64_t max_bytes,
             upload_body* kept = nullptr);

  step next(std::string_view& data);
  /// Waits for more after `wait`. @returns false when the client has left (see `gone`), or is too
  /// slow (see `why`).
  net::task<bool> more();

  const http::multipart_part& part() const noexcept { return reader_.part(); }
  const refusal& why() const noexcept { return why_; }
  /// The client has left, not: it was refused.
  bool gone() const noexcept { return gone_; }

private:
  step fail(refusal why);
  step take_piece();

  http::body_piece next_piece(std::string_view& piece);
  void release_piece();

  server::exchange& ex_;
  upload_body* kept_;
  http::multipart_reader reader_;
  std::uint64_t max_bytes_;
  std::uint64_t received_ = 0;
  std::string carry_; ///< what the reader wants to see again, with more behind it
  std::string_view bytes_;
  std::size_t used_ = 0;
  bool held_ = false; ///< `bytes_` is being read
  server::body_pace pace_;
  refusal why_;
  bool gone_ = false;
};

} // namespace synapse::api
