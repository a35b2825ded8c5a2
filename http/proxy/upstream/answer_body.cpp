#include "http/proxy/upstream/answer_body.hpp"

#include <algorithm>

namespace synapse::proxy {

using http::body_framing;

void answer_body::begin(const http::response_head& head, http::verb method) noexcept {
  chunks_.reset();
  framing_ = head.framing(method);
  left_ = static_cast<std::uint64_t>(std::max<std::int64_t>(head.content_length, 0));
  ended_ =
      framing_ == body_framing::none || (framing_ == body_framing::content_length && left_ == 0);
  broken_ = false;
}

bool answer_body::take(net::transport& from, std::string& into) {
  if (ended_)
    return false;
  const auto input = from.input();
  const auto before = into.size();
  if (framing_ == body_framing::chunked) {
    auto rest = input;
    while (!rest.empty() && !chunks_.done() && !chunks_.failed()) {
      const auto step = chunks_.next(rest.data(), rest.size());
      into.append(step.payload);
      rest.remove_prefix(step.consumed);
    }
    from.consume(input.size() - rest.size());
    ended_ = chunks_.done();
    broken_ = chunks_.failed() || (!ended_ && from.ended());
    return into.size() > before;
  }
  auto take = input.size();
  if (framing_ == body_framing::content_length)
    take = static_cast<std::size_t>(std::min<std::uint64_t>(take, left_));
  into.append(input.substr(0, take));
  from.consume(take);
  if (framing_ == body_framing::content_length) {
    left_ -= take;
    ended_ = left_ == 0;
    broken_ = !ended_ && from.ended();
  } else {
    // A reset is not how such a body ends, nor is TLS without close_notify.
    ended_ = from.ended() && !from.read_error();
    broken_ = from.ended() && from.read_error();
  }
  return into.size() > before;
}

} // namespace synapse::proxy
