#include "bench/audio_frames.hpp"

#include "bench/stub_answers.hpp"

#include <algorithm>
#include <cstring>

namespace synapse::bench {

namespace {

constexpr char sample_byte = 0x11;
constexpr std::size_t stamp_bytes = sizeof(std::uint64_t);

void append_number(std::string& to, std::uint32_t value, unsigned bytes) {
  for (; bytes > 0; --bytes, value >>= 8)
    to += static_cast<char>(value & 0xff);
}

} // namespace

std::string wav_head(std::uint32_t data_bytes) {
  std::string head = "RIFF";
  append_number(head, data_bytes == unknown_size ? unknown_size : data_bytes + 36, 4);
  head += "WAVEfmt ";
  append_number(head, 16, 4); // bytes of the description that follows
  append_number(head, 1, 2);  // PCM
  append_number(head, 1, 2);  // channels
  append_number(head, audio_rate, 4);
  append_number(head, audio_rate * 2, 4); // bytes per second
  append_number(head, 2, 2);              // bytes per sample of all channels
  append_number(head, 16, 2);             // bits per sample
  head += "data";
  append_number(head, data_bytes, 4);
  return head;
}

audio_pieces::audio_pieces() {
  opening_ = "HTTP/1.1 200 OK\r\nServer: bench-stub\r\nContent-Type: audio/wav\r\n"
             "Transfer-Encoding: chunked\r\n\r\n";
  opening_ += http_chunk(wav_head(unknown_size));
  frame_ = http_chunk(std::string(frame_bytes, sample_byte));
  stamp_at_ = frame_.find(sample_byte);
}

std::string_view audio_pieces::frame(std::uint64_t sent_ns) {
  std::memcpy(frame_.data() + stamp_at_, &sent_ns, stamp_bytes);
  return frame_;
}

void frame_scanner::feed(std::string_view bytes, const sink& on_frame) {
  static const std::string expected_head = wav_head(unknown_size);
  while (!bytes.empty() && !broken_) {
    const std::size_t wanted = head_seen_ ? frame_bytes : wav_head_bytes;
    const std::size_t taken = std::min(wanted - part_.size(), bytes.size());
    part_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (part_.size() < wanted)
      return;
    if (!head_seen_) {
      head_seen_ = true;
      broken_ = part_ != expected_head;
    } else if (part_.find_first_not_of(sample_byte, stamp_bytes) != std::string::npos) {
      broken_ = true;
    } else {
      std::uint64_t sent = 0;
      std::memcpy(&sent, part_.data(), stamp_bytes);
      on_frame(sent);
    }
    part_.clear();
  }
}

} // namespace synapse::bench
