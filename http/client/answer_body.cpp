#include "http/client/answer_body.hpp"

namespace synapse::client {

bool answer_body::take(net::transport& from, std::string& into) {
  if (ended_)
    return false;
  const auto input = from.input();
  const auto before = into.size();
  if (framing_ == http::body_framing::chunked) {
    auto rest = input;
    while (!rest.empty() && !chunks_.done() && !chunks_.failed()) {
      const auto step = chunks_.next(rest.data(), rest.size());
      into.append(step.payload);
      rest.remove_prefix(step.consumed);
    }
    from.consume(input.size() - rest.size());
    look_for_last_chunk(from);
  } else {
    const auto piece = input.substr(0, pass_plain(from, input.size()));
    into.append(piece);
    from.consume(piece.size());
  }
  return into.size() > before;
}

} // namespace synapse::client
