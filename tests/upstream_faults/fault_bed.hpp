/// @file
/// A gateway with one backend that the tests play themselves.
#pragma once

#include "tests/support/gateway_process.hpp"
#include "tests/support/scripted_upstream.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::test {

using namespace support;

/// Name of the one backend; errors have to say it.
inline constexpr std::string_view backend_name = "model-server";
/// Paths that go to it: bodies inspected, and passed on as they come.
inline constexpr std::string_view chat_path = "/v1/chat/completions";
inline constexpr std::string_view raw_path = "/raw/thing";

/// Values of the backend's keys, as YAML; an empty one is left out. Breaker and retries are off
/// unless a test is about them.
struct bed_options {
  std::string timeouts;
  std::string retry = "{attempts: 1}";
  std::string breaker = "{enabled: false}";
  std::string concurrency;
  std::string pool;
  std::string limits;
  unsigned threads = 2;
  std::string url; ///< instead of the scripted backend's
};

inline constexpr std::string_view quick_retry = "{attempts: 3, waits: [20ms], jitter: 0}";

class fault_bed {
public:
  explicit fault_bed(scripted_upstream::script script, const bed_options& how = {});

  scripted_upstream upstream; ///< outlives the gateway
  gateway_process gateway;

  http_reply chat(bool stream = false) const;
  http_reply chat_on(raw_client& client, bool stream = false) const;

  /// One sample of the backend's metrics; `labels` besides its name.
  double backend_metric(std::string_view name, std::string_view labels = {}) const;
  double attempts(std::string_view result) const;
  bool wait_for_backend_metric(std::string_view name, std::string_view labels, double value) const;
  bool wait_for_breaker(int state) const;
  double stream_ends(std::string_view kind) const;

  /// Counts follow what they count: an answer may be with its client, and a connection closed, a
  /// moment before. These wait until the value is there.
  void expect_backend_metric(std::string_view name, std::string_view labels, double value) const;
  void expect_attempts(std::string_view result, double count) const;
  void expect_stream_ends(std::string_view kind, double count) const;

  /// Nothing is under way any more: no request, no permit in use or waited for, no connection with
  /// a request, no client but the asking one.
  void expect_at_rest() const;

private:
  std::string busy() const;
};

/// Body of a chat request.
std::string chat_body(bool stream = false);
/// The whole request.
std::string chat_request(bool stream = false, std::string_view fields = {});

/// Fails unless `reply` is a complete OpenAI error with this status and code that names the backend
/// and has an id.
void expect_error(const http_reply& reply, unsigned status, std::string_view code);
/// Fails unless the answer broke off in a way that no client takes for its end.
void expect_cut(const http_reply& reply);
inline bool is_cut(const http_reply& reply) {
  return reply.end == reply_end::cut || reply.end == reply_end::reset;
}

/// A listening socket whose queue is full: connections to it hang.
class deaf_listener {
public:
  deaf_listener();
  std::uint16_t port() const noexcept { return port_; }

private:
  std::uint16_t port_ = 0;
  descriptor listener_;
  std::vector<descriptor> queued_;
};

/// Runs `work(0)` … `work(count - 1)` on as many threads as `at_once`, and waits.
void in_parallel(std::size_t count, std::size_t at_once,
                 const std::function<void(std::size_t)>& work);

/// A script that answers every chat with a small completion.
scripted_upstream::script answer_well();
std::string completion_body();

} // namespace synapse::test
