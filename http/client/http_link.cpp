#include "http/client/http_link.hpp"

#include "http/client/endpoint.hpp"
#include "http/core/body/sse.hpp"

#include <caf/typed_response_promise.hpp>

#include <memory>
#include <utility>

namespace synapse::actors {

namespace {
/// One event of a router or of anybody else whom an actor listens to.
constexpr std::size_t max_event = 256 * 1024;
/// Below the time for which anybody waits for a stream's end.
constexpr net::time_ns longest_stream = 12LL * 3600 * 1'000'000'000;

http_fault fault_of(client::fetch_error error) {
  switch (error) {
  case client::fetch_error::none:
    return http_fault::none;
  case client::fetch_error::connect_failure:
    return http_fault::connect_failure;
  case client::fetch_error::timeout:
    return http_fault::timeout;
  case client::fetch_error::reset:
    return http_fault::reset;
  case client::fetch_error::bad_response:
    return http_fault::bad_response;
  case client::fetch_error::too_large:
    return http_fault::too_large;
  case client::fetch_error::canceled:
    break;
  }
  return http_fault::canceled;
}

/// Finds the events in what arrives.
class event_reader {
public:
  explicit event_reader(http_event_sink to) : to_(std::move(to)) {}

  /// @returns false when this is no event stream that anybody could keep up with.
  bool take(std::string_view bytes) {
    text_.append(bytes);
    http::sse_event event;
    for (;;) {
      const auto status = scanner_.next(text_.data() + used_, text_.size() - used_, event);
      if (status == http::sse_status::too_large)
        return false;
      if (status != http::sse_status::event)
        break;
      used_ += event.size;
      if (!event.has_data)
        continue;
      http_event one;
      one.name = event.type;
      one.data = event.data;
      caf::anon_send(to_, std::move(one));
    }
    text_.erase(0, used_);
    used_ = 0;
    return true;
  }

private:
  http_event_sink to_;
  http::sse_scanner scanner_{max_event};
  std::string text_;
  std::size_t used_ = 0;
};
} // namespace

http_link::http_link(caf::actor_config& config, io_unit& unit, client::pool_options options)
    : pinned(config, unit), options_(std::move(options)) {}

http_link::~http_link() = default;

void http_link::on_exit() {
  pool_.reset();
  // Not from in here: what a request's end touches is just being taken down.
  if (cancel_)
    net::asio::post(unit().thread().executor(),
                    [cancel = std::exchange(cancel_, nullptr)] { cancel->cancel(); });
}

http_link_actor::behavior_type http_link::make_behavior() {
  return {[this](http_call& what) { return call(std::move(what)); }};
}

caf::result<http_reply> http_link::call(http_call what) {
  if (!pool_) {
    pool_ = net::make_local<client::upstream_pool>(unit().thread(), options_);
    cancel_ = net::make_local<client::canceler>();
  }
  auto asker = current_sender(); // the promise takes it away
  auto promise = make_response_promise<http_reply>();
  net::spawn(run(caf::actor_cast<caf::strong_actor_ptr>(this), this, promise, std::move(what),
                 std::move(asker)));
  return promise;
}

/// Runs on this actor's thread. `keep` keeps the object alive over the request.
net::task<void> http_link::run([[maybe_unused]] caf::strong_actor_ptr keep, http_link* self,
                               caf::typed_response_promise<http_reply> promise, http_call what,
                               caf::strong_actor_ptr asker) {
  const auto limit = static_cast<net::time_ns>(what.timeout_ms) * 1'000'000;
  client::fetch_request request;
  request.method = std::move(what.method);
  request.target = std::move(what.target);
  request.authority = std::move(what.authority);
  request.fields = std::move(what.fields);
  request.content_type = std::move(what.content_type);
  request.body = std::move(what.body);
  request.deadline = net::io_thread::now() + limit;
  request.max_body = what.max_body;
  if (what.events) {
    auto events = std::make_shared<event_reader>(caf::actor_cast<http_event_sink>(asker));
    const auto until = net::io_thread::now() + longest_stream;
    request.on_piece = [events, until](std::string_view bytes) {
      return net::io_thread::now() < until && events->take(bytes);
    };
    request.idle_limit = limit;
  }
  const auto address = client::to_endpoint(what.address);
  auto pool = self->pool_;
  auto cancel = self->cancel_;
  auto answer = co_await client::fetch(*pool, address, std::move(request), cancel);
  http_reply reply;
  reply.fault = fault_of(answer.error);
  reply.status = static_cast<std::uint16_t>(answer.status);
  reply.body = std::move(answer.body);
  reply.message = std::move(answer.message);
  // Also when the actor has ended meanwhile: CAF does not answer for a promise that is dropped.
  promise.deliver(std::move(reply));
}

} // namespace synapse::actors
