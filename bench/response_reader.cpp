#include "bench/response_reader.hpp"

namespace synapse::bench {

response_reader::progress response_reader::feed(std::string_view bytes, std::string* payload) {
  if (in_body_)
    return feed_body(bytes, payload);
  if (!partial_head_.empty()) {
    partial_head_.append(bytes);
    bytes = partial_head_;
  }
  switch (scan_response_head(bytes, head_)) {
  case scan_result::malformed:
    return progress::malformed;
  case scan_result::need_more:
    if (partial_head_.empty())
      partial_head_.assign(bytes);
    return progress::more;
  case scan_result::done:
    break;
  }
  in_body_ = true;
  const progress result = feed_body(bytes.substr(head_.size), payload);
  partial_head_.clear();
  return result;
}

response_reader::progress response_reader::feed_body(std::string_view bytes, std::string* payload) {
  if (head_.framing.chunked) {
    std::string& out = payload ? *payload : scratch_;
    const std::size_t before = out.size();
    const std::size_t used = chunks_.feed(bytes, out);
    body_bytes_ += out.size() - before;
    scratch_.clear();
    if (chunks_.failed() || used < bytes.size())
      return progress::malformed;
    return chunks_.done() ? progress::complete : progress::more;
  }
  body_bytes_ += bytes.size();
  if (payload)
    payload->append(bytes);
  if (!head_.framing.content_length) // ends with the connection, which must have been announced
    return head_.framing.close ? progress::more : progress::malformed;
  if (body_bytes_ > *head_.framing.content_length)
    return progress::malformed;
  return body_bytes_ == *head_.framing.content_length ? progress::complete : progress::more;
}

response_reader::progress response_reader::end_of_input() const {
  const bool ended_by_close = in_body_ && !head_.framing.chunked && !head_.framing.content_length;
  return ended_by_close ? progress::complete : progress::malformed;
}

void response_reader::reset() {
  partial_head_.clear();
  in_body_ = false;
  body_bytes_ = 0;
  chunks_.reset();
}

} // namespace synapse::bench
