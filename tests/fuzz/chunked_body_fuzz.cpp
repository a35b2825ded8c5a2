#include "http/core/body/chunked.hpp"
#include "tests/fuzz/fuzz_targets.hpp"
#include "tests/http/core/support.hpp"

#include <algorithm>

namespace synapse::fuzz {

using namespace synapse::http;

int try_chunked_body(const std::uint8_t* data, std::size_t size) {
  const test::exact_copy bytes({reinterpret_cast<const char*>(data), size});
  const chunk_limits limits{.max_extension_bytes = 64, .max_trailer_bytes = 64};
  chunk_decoder whole(limits), pieces(limits);
  std::vector<std::string_view> spans;
  const std::size_t used = whole.feed(bytes.begin(), size, &spans);
  std::string payload;
  for (const std::string_view s : spans)
    payload += s;
  SYNAPSE_FUZZ_CHECK(used == size || whole.done() || whole.failed());
  SYNAPSE_FUZZ_CHECK(payload.size() == whole.payload_bytes() && payload.size() <= used);
  std::string again;
  std::size_t at = 0;
  const std::size_t step = size == 0 ? 1 : 1 + data[size / 2] % 5;
  while (at < size && !pieces.done() && !pieces.failed()) {
    const chunk_decoder::step s = pieces.next(bytes.begin() + at, std::min(step, size - at));
    again += s.payload;
    at += s.consumed;
  }
  SYNAPSE_FUZZ_CHECK(at == used && again == payload);
  SYNAPSE_FUZZ_CHECK(pieces.error() == whole.error() && pieces.done() == whole.done());
  SYNAPSE_FUZZ_CHECK(pieces.at_boundary() == whole.at_boundary());
  SYNAPSE_FUZZ_CHECK(pieces.tail_bytes() == whole.tail_bytes());
  if (whole.done()) { // forwarded raw without its trailers, it is the same body
    const auto kept = std::string{bytes.begin(), used - whole.tail_bytes()} + "\r\n";
    chunk_decoder shorter(limits);
    spans.clear();
    SYNAPSE_FUZZ_CHECK(shorter.feed(kept.data(), kept.size(), &spans) == kept.size());
    SYNAPSE_FUZZ_CHECK(shorter.done() && shorter.tail_bytes() == 2);
    SYNAPSE_FUZZ_CHECK(shorter.payload_bytes() == whole.payload_bytes());
  }
  return 0;
}

} // namespace synapse::fuzz

SYNAPSE_FUZZ_ENTRY(try_chunked_body)
