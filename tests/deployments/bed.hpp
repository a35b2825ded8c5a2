/// @file
/// Model servers that the tests play, and a gateway whose catalog leads to them.
#pragma once

#include "tests/support/gateway_process.hpp"
#include "tests/support/scripted_upstream.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::deployed {

using namespace support;

inline constexpr std::string_view chat_path = "/v1/chat/completions";

/// What a model server does with a request. @returns false: the connection is closed
using deed = std::function<bool(upstream_connection&, const upstream_request&)>;

/// A model server whose mind can be changed. What is asked about its models is answered with an
/// empty list, and not counted.
class model_server {
public:
  explicit model_server(std::string name, deed first);

  const std::string& name() const noexcept { return name_; }
  std::string url() const { return upstream_->url(); }
  /// From the next request on, whatever connection it comes over.
  void now(deed what);
  /// Requests (POST) so far.
  std::size_t asked() const noexcept { return asked_; }
  std::vector<upstream_request> requests() const;
  /// Requests that it is at work on. (A connection may be kept when that is over.)
  std::size_t at_work() const noexcept { return at_work_; }
  /// Ends its process: connections are closed, new ones refused.
  void die();
  /// Starts it again under its address.
  void rise();

private:
  void serve(upstream_connection& connection);

  std::string name_;
  mutable std::mutex mutex_;
  deed deed_;
  std::vector<upstream_request> requests_;
  std::atomic<std::size_t> asked_{0};
  std::atomic<std::size_t> at_work_{0};
  std::uint16_t port_ = 0;
  std::unique_ptr<scripted_upstream> upstream_; ///< last: its threads use the rest
};

// ---- deeds ----

/// A completion whose text is `text`; as a stream where one is asked for.
deed answer_with(std::string text);
deed answer_status(unsigned status, std::string body, std::string fields = {},
                   std::string type = "application/json");
/// These bytes, and the connection ends.
deed send_and_close(std::string bytes);
/// No answer as long as the other side stays.
deed hang();
/// Nothing, and the connection ends.
deed hang_up();

std::string completion(std::string_view text);
/// OpenAI's error.
std::string error_body(std::string_view message, std::string_view code = "");
/// The events of a streamed completion, `[DONE]` included.
std::string completion_events(std::string_view text);
/// Head and payload of an event stream that says how it ends.
std::string chunked_stream(std::string_view payload);

// ---- the gateway ----

/// A backend of the configuration.
struct backend_line {
  std::string name;
  std::string url;
  std::string more; ///< further keys of the flow map, each with a comma before it
};

/// @param catalog the keys behind `backends`, YAML
std::string config_of(const std::vector<backend_line>& backends, std::string_view catalog);
/// The same for model servers: the name `m` with one deployment each, all in one tier or one tier
/// each, each with the model `NAME-model`. @param more of every backend
std::string config_for(const std::vector<const model_server*>& servers, bool tiers,
                       std::string_view more = "", std::string_view routing = "");

std::string chat_body(std::string_view model = "m", bool stream = false,
                      std::string_view text = "hi");
http_reply chat(const gateway_process& gateway, std::string_view fields = {},
                std::string_view model = "m", bool stream = false);
/// `choices[0].message.content` of an answer; of a stream all deltas together.
std::string content_of(const http_reply& reply);
/// code of the error in an answer; empty: there is none.
std::string error_code_of(const http_reply& reply);
/// Permits in use or waited for, requests under way: all at 0 after a while.
void expect_at_rest(const gateway_process& gateway, const std::vector<std::string>& backends);

/// Runs `work(i)` for 0 … count - 1 on so many threads, and waits.
void in_parallel(std::size_t count, std::size_t at_once,
                 const std::function<void(std::size_t)>& work);

} // namespace synapse::deployed
