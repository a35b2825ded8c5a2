/// @file
/// One connection of the stub server; for its own sources only.
#pragma once

#include "bench/form_sink.hpp"
#include "bench/http_scan.hpp"
#include "bench/stub_server.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace synapse::bench {

/// A form that is read while it arrives and not kept.
struct stub_server::upload {
  form_sink form;
  chunk_decoder chunks;
  bool chunked = false;
  bool close = false;     ///< the connection, after the answer
  std::uint64_t left = 0; ///< of a body with Content-Length
};

struct stub_server::connection {
  int fd = -1;
  std::string in;  ///< an incomplete request, or requests behind a running stream
  std::string out; ///< what the socket did not take
  bool writing = false;
  bool close_after = false;
  std::uint64_t stream = 0; ///< 0: no stream is running
  std::uint64_t left = 0;
  std::uint64_t next_at = 0;
  std::uint64_t interval = 0;
  bool opened = false;
  bool usage = false;
  bool audio = false;             ///< the stream is speech, not events
  std::unique_ptr<upload> taking; ///< the body of a form under way
};

} // namespace synapse::bench
