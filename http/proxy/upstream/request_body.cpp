#include "http/proxy/upstream/request_body.hpp"

#include "http/core/body/chunked.hpp"

#include <algorithm>

namespace synapse::proxy {

using http::body_framing;
using http::body_piece;

request_body::request_body(const call& of)
    : ex_(of.ex), own_(of.options.request), begun_(of.options.body_begun),
      max_(of.options.max_body) {
  if (own_ != nullptr) {
    at_hand_ = own_->body;
    size_ = own_->source != nullptr ? own_->source->size() : at_hand_.size();
    any_ = true;
  } else if (of.streams_body) {
    if (!ex_.head().chunked)
      size_ = static_cast<std::uint64_t>(std::max<std::int64_t>(ex_.head().content_length, 0));
    any_ = true;
  } else {
    at_hand_ = of.options.body != nullptr ? std::string_view{*of.options.body} : ex_.body();
    size_ = at_hand_.size();
    any_ = ex_.has_body();
  }
}

void request_body::describe(http::upstream_head_options& head) const {
  if (!any_)
    return;
  head.framing = size_ ? body_framing::content_length : body_framing::chunked;
  head.content_length = size_.value_or(0);
}

body_piece request_body::pull_piece(std::string_view& piece) {
  if (own_ != nullptr)
    return own_->source->next(piece);
  in_begun_ = !begun_.empty();
  if (!in_begun_)
    return ex_.next_piece(piece);
  piece = begun_;
  return body_piece::data;
}

void request_body::release() {
  if (own_ != nullptr)
    own_->source->release();
  else if (in_begun_)
    begun_ = {};
  else
    ex_.release_piece();
}

void request_body::begin() {
  pace_.emplace(server::body_pace::rules_of(ex_.settings().limits), ex_.downstream().bytes_read());
}

request_body::pull request_body::next(std::span<const std::string_view>& pieces) {
  std::string_view piece;
  switch (pull_piece(piece)) {
  case body_piece::failed:
    return pull::failed;
  case body_piece::wait:
    return pull::wait;
  case body_piece::end:
    read_ = true;
    break;
  case body_piece::data:
    break;
  }
  pace_->go_on(net::io_thread::recent());
  if (read_ && size_) {
    sent_ = true;
    return pull::sent;
  }
  bytes_ += piece.size();
  if (max_ != 0 && bytes_ > max_)
    return pull::too_large;
  started_ = true;
  if (read_)
    pieces_ = {http::last_chunk, {}, {}};
  else if (!size_)
    pieces_ = {http::chunk_head(piece.size(), chunk_line_), piece, "\r\n"};
  else
    pieces_ = {piece, {}, {}};
  pieces = pieces_;
  return pull::ready;
}

net::time_ns request_body::due() {
  // Its silence begins when everything has been read, and a backend that takes its time is no
  // silence of the client.
  if (own_ != nullptr && !own_->source->from_client())
    return 0;
  return pace_->wait(net::io_thread::now(), ex_.downstream().bytes_read());
}

void request_body::look_for_end() {
  if (std::string_view piece; !read_ && own_ != nullptr)
    read_ = pull_piece(piece) == body_piece::end;
}

} // namespace synapse::proxy
