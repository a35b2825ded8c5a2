/// @file
/// The stub backend: an epoll server on one thread that does as little as possible per request, so
/// that what is measured is the proxy in front of it.
#pragma once

#include "bench/audio_frames.hpp"
#include "bench/stub_answers.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::bench {

struct request_head;

/// What a stream looks like unless the request says otherwise.
struct stream_shape {
  std::uint64_t events = 64;        ///< content events; request: `?events=`, `"max_tokens":`;
                                    ///< frames of speech; request: `"input":"64 …"`
  std::uint64_t interval_ns = 0;    ///< between two of them; request: `?interval_ms=`
  std::uint64_t first_delay_ns = 0; ///< request → role event; request: `?delay_ms=`
  std::uint64_t role_gap_ns = 0;    ///< role event → first content; 0: in the same write
};

/// One listener, one epoll set, one thread; several servers may share a port (SO_REUSEPORT).
class stub_server {
public:
  /// Takes over the listening socket.
  stub_server(int listener, stream_shape shape);
  ~stub_server();
  stub_server(const stub_server&) = delete;
  stub_server& operator=(const stub_server&) = delete;

  /// Serves on the calling thread until `stop()`, or until epoll fails.
  void run();

  /// Makes `run()` return; from any thread.
  void stop();

private:
  struct connection;
  struct upload;
  struct due {
    std::uint64_t at;
    int fd;
    std::uint64_t stream;
    bool operator>(const due& other) const { return at > other.at; }
  };

  void watch(int fd, int operation, std::uint32_t events);
  void accept_all();
  void readable(connection& c);
  bool take_requests(connection& c, std::string_view bytes, std::size_t& used);
  void answer(connection& c, const request_head& head, std::string_view body);
  void answer_blob(std::string_view query);
  void answer_embedding(std::string_view body);
  void begin_stream(connection& c, const request_head& head, std::string_view body);
  void begin_speech(connection& c, std::string_view body);
  void open_stream(connection& c, std::uint64_t delay_ns);
  static bool is_upload(const request_head& head);
  void begin_upload(connection& c, const request_head& head);
  bool take_upload(connection& c, std::string_view bytes, std::size_t& used);
  void fire_due_streams();
  void advance_stream(connection& c);
  void add(std::string_view bytes) { batch_.push_back(bytes); }
  bool flush(connection& c);
  void write_more(connection& c);
  void take_kept_requests(connection& c);
  void close_connection(int fd);

  int listener_;
  int epoll_;
  int stop_event_;
  stream_shape shape_;
  stream_pieces pieces_;
  audio_pieces audio_;
  std::string blob_;
  std::string blob_head_;
  std::size_t blob_head_size_ = ~std::size_t{0};
  std::string embedding_;
  std::size_t embedding_dimensions_ = 0;
  std::vector<std::unique_ptr<connection>> connections_; // by descriptor
  std::priority_queue<due, std::vector<due>, std::greater<>> timers_;
  std::vector<std::string_view> batch_; // answers of one read, written with one call
  std::deque<std::string> retired_;     // answers that nobody else keeps, for the batch
  std::vector<char> buffer_;
  std::uint64_t last_stream_ = 0;
};

} // namespace synapse::bench
