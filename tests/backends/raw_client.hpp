#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends::test {

using json = nlohmann::ordered_json;

/// An answer as it came over the wire.
struct answer {
  int status = 0;
  std::string head;                               ///< status line and fields, as sent
  std::multimap<std::string, std::string> fields; ///< names in lower case
  std::string body;                               ///< without chunk framing
  bool complete = false; ///< the body's end was reached as the framing says

  std::string field(const std::string& name) const;
  json parsed() const { return json::parse(body); }
};

/// How a connection ended.
enum class ending { still_open, closed, reset };

/// A blocking client that shows every byte. Whatever it waits for, it gives up after a minute.
class raw_client {
public:
  explicit raw_client(std::uint16_t port);
  ~raw_client();
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  bool connected() const { return fd_ >= 0; }
  void send(std::string_view bytes);
  void send_request(std::string_view method, std::string_view target, std::string_view body = {},
                    const std::vector<std::string>& fields = {});

  /// Reads one answer to its end.
  answer read_answer(bool body_expected = true);

  /// Reads a head; what follows stays to be read.
  answer read_head();

  /// Reads the payload of the next `data:` event of a chunked stream; empty at the end.
  std::string read_event();

  /// Reads the next block of a chunked stream up to an empty line, comments included.
  std::string read_block();

  /// Reads until the connection ends. @returns all bytes that were left.
  std::string read_rest();

  /// Waits for the end of the connection.
  ending wait_for_end();

  /// @returns the sizes of the chunks read so far.
  const std::vector<std::size_t>& chunk_sizes() const { return chunks_; }

  /// Closes the connection; with `hard` by a RST.
  void close(bool hard = false);

private:
  bool fill();
  bool read_chunk();

  int fd_ = -1;
  std::string in_;      ///< received, not looked at
  std::string decoded_; ///< body bytes of a chunked stream
  bool chunked_end_ = false;
  ending ended_ = ending::still_open;
  std::vector<std::size_t> chunks_;
};

/// One request on a connection of its own.
answer ask(std::uint16_t port, std::string_view method, std::string_view target,
           std::string_view body = {}, const std::vector<std::string>& fields = {});

/// @returns the payloads of all `data:` events in a body.
std::vector<std::string> events_of(const std::string& body);

/// Waits up to a minute for a condition that another thread brings about.
bool eventually(const std::function<bool()>& condition);

} // namespace synapse::backends::test
