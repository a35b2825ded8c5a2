#include "http/api/forms/upload_body.hpp"

#include <algorithm>

namespace synapse::api {

namespace {
/// Of what is kept: more at once would be held up as a whole by a slow backend.
constexpr std::size_t piece_bytes = 64 * 1024;
} // namespace

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
  if (!keeps_)
    return how;
  if (kept_.size() + piece.size() > most_) {
    keeps_ = false;
    at_ = 0;
    std::string{}.swap(kept_);
    return how;
  }
  kept_.append(piece);
  at_ = kept_.size();
  return how;
}

void upload_body::release() {
  if (own_) {
    release_own();
  } else {
    at_ += handed_;
    handed_ = 0;
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

std::string_view upload_body::begun() {
  rewind();
  keeps_ = false;
  at_ = kept_.size();
  return kept_;
}

} // namespace synapse::api
