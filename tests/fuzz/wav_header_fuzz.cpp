#include "http/core/body/wav_header.hpp"
#include "tests/fuzz/fuzz_targets.hpp"
#include "tests/http/core/support.hpp"

namespace synapse::fuzz {

using namespace synapse::http;

int try_wav_header(const std::uint8_t* data, std::size_t size) {
  const test::exact_copy bytes({reinterpret_cast<const char*>(data), size});
  const std::string_view text(bytes.begin(), size);
  wav_info open, closed, shorter;
  std::string problem, other;
  const wav_status s = parse_wav_header(text, wav_size_unknown, open, problem);
  SYNAPSE_FUZZ_CHECK((s == wav_status::not_wav || s == wav_status::unsupported) ==
                     !problem.empty());
  // Nothing more to come: the same, or refused for it.
  const wav_status all = parse_wav_header(text, size, closed, other);
  SYNAPSE_FUZZ_CHECK(all == (s == wav_status::need_more ? wav_status::not_wav : s));
  if (s == wav_status::ok) {
    SYNAPSE_FUZZ_CHECK(closed.data_offset == open.data_offset && closed.data_offset <= size);
    SYNAPSE_FUZZ_CHECK(closed.data_bytes <= size - closed.data_offset);
    SYNAPSE_FUZZ_CHECK(closed.channels > 0 && closed.sample_rate > 0);
    SYNAPSE_FUZZ_CHECK(closed.duration_seconds >= 0);
  }
  // In whatever pieces it comes.
  wav_scanner pieces;
  const std::size_t step = size == 0 ? 1 : 1 + data[0] % 64;
  for (std::size_t at = 0; at < size; at += step)
    pieces.feed(text.substr(at, step));
  SYNAPSE_FUZZ_CHECK(pieces.status() == s && pieces.problem() == problem);
  SYNAPSE_FUZZ_CHECK(pieces.finish(size) == all);
  if (all == wav_status::ok)
    SYNAPSE_FUZZ_CHECK(pieces.info().data_bytes == closed.data_bytes);
  // A shorter beginning asks for more or says the same.
  const std::size_t part = size == 0 ? 0 : data[size - 1] % size;
  other.clear();
  const wav_status early = parse_wav_header(text.substr(0, part), wav_size_unknown, shorter, other);
  SYNAPSE_FUZZ_CHECK(early == wav_status::need_more || (early == s && other == problem));
  return 0;
}

} // namespace synapse::fuzz

SYNAPSE_FUZZ_ENTRY(try_wav_header)
