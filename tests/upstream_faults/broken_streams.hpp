/// @file
/// Backends whose streams go wrong, and what a client has to see of it.
#pragma once

#include "tests/upstream_faults/fault_bed.hpp"
#include "tests/upstream_faults/recording.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace synapse::test {

/// How a connection ends.
enum class then { fin, rst };

/// Sends the events as chunks, with the last chunk (and serves on) or without it and ends.
scripted_upstream::script streams(std::vector<std::string> events, bool with_last = true,
                                  then what = then::fin);

/// One stream whose second part comes when the client has the first: so the answer has begun, and
/// no status can tell what follows.
class staged_stream {
public:
  /// @param first payloads of the chunks that begin it.
  /// @param rest raw bytes after them; unless they end with the last chunk, the connection ends as
  /// `what` says.
  staged_stream(const std::vector<std::string>& first, std::string rest, then what = then::fin,
                const bed_options& how = {});

  /// Asks for it and reads it to its end.
  http_reply read();

  std::string begin; ///< payload of the first part

private:
  gate seen_;

public:
  fault_bed bed; ///< ends first: its script uses what is above
};

/// Fails unless there came 200, `begin`, an error event last (with this code, unless it is empty)
/// and an end that is none.
void expect_broken_stream(const http_reply& reply, std::string_view begin,
                          std::string_view code = "stream_truncated");

} // namespace synapse::test
