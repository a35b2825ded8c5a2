#include "http/core/wav_header.hpp"
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
  SYNAPSE_FUZZ_CHECK(s != wav_status::need_more || size < max_wav_header_bytes);
  // Nothing more to come: the same, or refused for it.
  const wav_status all = parse_wav_header(text, size, closed, other);
  SYNAPSE_FUZZ_CHECK(all == (s == wav_status::need_more ? wav_status::not_wav : s));
  if (s == wav_status::ok) {
    SYNAPSE_FUZZ_CHECK(closed.data_offset == open.data_offset && closed.data_offset <= size);
    SYNAPSE_FUZZ_CHECK(closed.data_bytes <= size - closed.data_offset);
    SYNAPSE_FUZZ_CHECK(closed.channels > 0 && closed.sample_rate > 0 && closed.byte_rate > 0);
    SYNAPSE_FUZZ_CHECK(closed.duration_seconds >= 0);
  }
  // A shorter beginning asks for more or says the same.
  const std::size_t part = size == 0 ? 0 : data[size - 1] % size;
  other.clear();
  const wav_status early = parse_wav_header(text.substr(0, part), wav_size_unknown, shorter, other);
  SYNAPSE_FUZZ_CHECK(early == wav_status::need_more || (early == s && other == problem));
  return 0;
}

} // namespace synapse::fuzz

SYNAPSE_FUZZ_ENTRY(try_wav_header)
