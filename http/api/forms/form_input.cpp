#include "http/api/forms/form_input.hpp"

namespace synapse::api {

using http::response_detail;
using event = http::multipart_reader::event;

form_input::form_input(server::exchange& exchange, std::string_view boundary,
                       std::uint64_t max_bytes, upload_body* kept)
    : ex_(exchange), kept_(kept), reader_(boundary), max_bytes_(max_bytes),
      pace_(server::body_pace::rules_of(exchange.settings().limits),
            exchange.downstream().bytes_read()) {}

http::body_piece form_input::next_piece(std::string_view& piece) {
  return kept_ != nullptr ? kept_->next(piece) : ex_.next_piece(piece);
}

void form_input::release_piece() {
  if (kept_ != nullptr)
    kept_->release();
  else
    ex_.release_piece();
}

form_input::step form_input::fail(refusal why) {
  why_ = std::move(why);
  return step::failed;
}

/// Gets bytes to read. `data` here means: there are some.
form_input::step form_input::take_piece() {
  std::string_view piece;
  switch (next_piece(piece)) {
  case http::body_piece::wait:
    return step::wait;
  case http::body_piece::failed:
    return fail({response_detail::bad_request_body, {}, {}});
  case http::body_piece::end:
    if (const auto error = reader_.finish(); error != http::multipart_error::none)
      return fail({response_detail::bad_request, std::string{http::message_of(error)}, {}});
    return step::end;
  case http::body_piece::data:
    break;
  }
  pace_.go_on(net::io_thread::recent());
  received_ += piece.size();
  if (received_ > max_bytes_)
    return fail({response_detail::body_too_large,
                 "the upload exceeds " + std::to_string(max_bytes_) + " bytes",
                 {}});
  if (!carry_.empty())
    carry_.append(piece);
  bytes_ = carry_.empty() ? piece : std::string_view{carry_};
  used_ = 0;
  held_ = true;
  return step::data;
}

form_input::step form_input::next(std::string_view& data) {
  for (;;) {
    if (!held_)
      if (const auto how = take_piece(); how != step::data)
        return how;
    const auto found = reader_.next(bytes_.data() + used_, bytes_.size() - used_);
    used_ += found.consumed;
    switch (found.what) {
    case event::need_more:
      if (carry_.empty())
        carry_.assign(bytes_.substr(used_));
      else
        carry_.erase(0, used_);
      held_ = false;
      release_piece();
      break;
    case event::part_begin:
      return step::part_begin;
    case event::data:
      data = found.data;
      return step::data;
    case event::part_end:
      return step::part_end;
    case event::end:
      break; // what follows is an epilogue
    case event::error:
      return fail(
          {response_detail::bad_request, std::string{http::message_of(reader_.error())}, {}});
    }
  }
}

net::task<bool> form_input::more() {
  const auto due = pace_.wait(net::io_thread::now(), ex_.downstream().bytes_read());
  gone_ = ex_.given_up();
  if (!gone_ && net::io_thread::now() >= due)
    fail({response_detail::body_timeout, {}, {}});
  else if (!gone_) {
    ex_.alarm(due);
    co_await ex_.wake()->wait();
    ex_.alarm(0);
    co_return true;
  }
  co_return false;
}

} // namespace synapse::api
