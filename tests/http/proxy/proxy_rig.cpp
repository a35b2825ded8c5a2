#include "tests/http/proxy/proxy_rig.hpp"

#include "http/server/connection/connection.hpp"
#include "routing/catalog.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace synapse::proxy {

namespace asio = net::asio;

// ---- far_end ----

far_end::far_end(net::socket socket) : socket_(std::move(socket)) {
  socket_->non_blocking(true);
  socket_->set_option(net::tcp::no_delay(true));
}

void far_end::send(std::string_view bytes) {
  unsent_.append(bytes);
  pump();
}

void far_end::pump() {
  if (!is_open())
    return;
  net::error_code ec;
  std::size_t gone = 0;
  while (gone < unsent_.size() && !ec)
    gone += socket_->write_some(asio::buffer(unsent_) + gone, ec);
  if (ec && ec != asio::error::would_block)
    gone = unsent_.size(); // nobody takes it any more
  unsent_.erase(0, gone);
  read();
}

void far_end::read() {
  if (!is_open() || stopped_ || ended_)
    return;
  std::array<char, 16 * 1024> bytes;
  for (;;) {
    net::error_code ec;
    const auto size = socket_->read_some(asio::buffer(bytes), ec);
    received_.append(bytes.data(), size);
    if (ec == asio::error::would_block)
      return;
    if (ec) {
      ended_ = true;
      reset_ = ec != asio::error::eof;
      return;
    }
  }
}

const std::string& far_end::received() {
  read();
  return received_;
}

std::string far_end::take() {
  read();
  auto result = received_.substr(taken_);
  taken_ = received_.size();
  return result;
}

bool far_end::ended() {
  read();
  return ended_;
}

bool far_end::was_reset() {
  read();
  return reset_;
}

void far_end::finish_sending() {
  net::error_code ignored;
  socket_->shutdown(net::socket::shutdown_send, ignored);
}

void far_end::close() {
  net::error_code ignored;
  if (socket_)
    socket_->close(ignored);
}

void far_end::reset() {
  net::error_code ignored;
  socket_->set_option(asio::socket_base::linger(true, 0), ignored);
  socket_->close(ignored);
}

// ---- the lane ----

namespace {
std::string_view name_of(actors::attempt_result result) {
  using enum actors::attempt_result;
  switch (result) {
  case ok:
    return "ok";
  case connect_failure:
    return "connect_failure";
  case connect_timeout:
    return "connect_timeout";
  case reset_before_head:
    return "reset_before_head";
  case reset_after_head:
    return "reset_after_head";
  case response_timeout:
    return "response_timeout";
  case bad_response:
    return "bad_response";
  case bad_gateway:
    return "bad_gateway";
  case canceled:
    return "canceled";
  case head_received:
    return "head_received";
  }
  return "?";
}
} // namespace

actors::permit lane_script::next() {
  if (answers.empty())
    return answer;
  const auto first = answers.front();
  answers.erase(answers.begin());
  return first;
}

class scripted_lane final : public actors::pinned<actors::lane_actor::base> {
public:
  scripted_lane(caf::actor_config& config, actors::io_unit& unit, proxy_rig& rig)
      : pinned(config, unit), script_(rig.lane), rig_(rig) {
    rig.lane_object_ = this;
  }

  actors::lane_actor::behavior_type make_behavior() override {
    const auto tell = [this](std::string_view what, std::uint64_t request) {
      script_.told.push_back(std::string{what} + ' ' + std::to_string(request));
    };
    return {[=, this](const actors::permit_request& request) -> caf::result<actors::permit> {
              tell(request.at_once ? "ask at once" : "ask", request.request);
              script_.asked_at.push_back(request.now);
              if (!script_.hold)
                return script_.next();
              auto promise = make_response_promise<actors::permit>();
              script_.held.push_back(promise);
              return promise;
            },
            [=](const actors::permit_abandoned& message) { tell("abandoned", message.request); },
            [=](const actors::outcome& message) { tell(name_of(message.result), message.request); },
            [this](const actors::completed& message) {
              std::string line{"completed"};
              for (const auto request : message.requests)
                line += ' ' + std::to_string(request);
              script_.told.push_back(line);
            },
            [](const actors::cell_report&) {},
            [](const actors::lane_view&) {},
            [](const actors::lease_answer&) {},
            [](actors::retire_atom) {}};
  }
  void on_exit() override {
    script_.held.clear();
    rig_.lane_object_ = nullptr;
  }

private:
  lane_script& script_;
  proxy_rig& rig_;
};

void proxy_rig::release(const actors::permit& answer) {
  ASSERT_FALSE(lane.held.empty());
  lane_object_->context(&unit());
  auto promise = std::move(lane.held.front());
  lane.held.erase(lane.held.begin());
  promise.deliver(answer);
  settle();
}

actors::permit proxy_rig::grant() const {
  actors::permit result;
  result.granted = true;
  result.address.ip = {127, 0, 0, 1};
  result.address.port = acceptor_.local_endpoint().port();
  return result;
}

actors::permit proxy_rig::deny(actors::deny_reason why, std::uint32_t retry_after_ms) {
  actors::permit result;
  result.reason = why;
  result.retry_after_ms = retry_after_ms;
  return result;
}

actors::permit proxy_rig::grant_refused() {
  if (!refusing_) { // bound, and nobody listens
    refusing_.emplace(io().executor());
    refusing_->open(net::tcp::v4());
    refusing_->bind({asio::ip::address_v4::loopback(), 0});
  }
  auto result = grant();
  result.address.port = refusing_->local_endpoint().port();
  return result;
}

actors::permit proxy_rig::grant_unheard() {
  if (!deaf_) { // nobody accepts, and the backlog is full
    deaf_.emplace(io().executor());
    deaf_->open(net::tcp::v4());
    deaf_->bind({asio::ip::address_v4::loopback(), 0});
    deaf_->listen(0);
    auto& one = *before_.emplace_back(std::make_unique<net::socket>(io().executor()));
    one.connect(deaf_->local_endpoint());
  }
  auto result = grant();
  result.address.port = deaf_->local_endpoint().port();
  return result;
}

void proxy_rig::end_lane() {
  actors_.end(lane_);
  settle();
}

std::vector<std::string> proxy_rig::told() {
  site()->outcomes->flush();
  settle();
  return lane.told;
}

// ---- the rig ----

namespace {
constexpr std::string_view route_name = "(test)";
}

proxy_rig::proxy_rig()
    : acceptor_(io().executor()), nowhere_(::open("/dev/null", O_WRONLY | O_CLOEXEC)),
      log_output_(nowhere_), log_(log_output_), worker_(io(), unit(), life_, table_) {
  spdlog::set_level(spdlog::level::off);
  net::virtual_clock::stand_for(&io());
  auto& backend = settings_->backends["b"];
  backend.name = "b";
  backend.url.host = "backend.example";
  backend.url.port = 8080;
  backend.retry.jitter = 0;
  acceptor_.open(net::tcp::v4());
  acceptor_.bind({asio::ip::address_v4::loopback(), 0});
  acceptor_.listen();
  acceptor_.non_blocking(true);
  lane.answer = grant();
  lane_ = actors::spawn_pinned<scripted_lane>(unit(), *this);
  server::route all;
  all.path = route_name;
  all.metrics = &route_metrics();
  all.handle = [this](server::exchange& exchange) { return serve(exchange); };
  table_.set_fallback(std::move(all));
  worker_.metrics = &metrics_;
  worker_.log = &log_;
  worker_.unmatched = &metrics_.route("(unmatched)");
  settle();
}

proxy_rig::~proxy_rig() {
  let_go();
  for (auto& client : clients_)
    client.close();
  for (auto& backend : backends_)
    backend->close();
  until([&] {
    pass(10ms);
    return worker_.connections == nullptr;
  });
  pass(1100ms); // tails of streams
  worker_.routes.reset();
  site_.reset();
  settle();
  actors_.end(lane_);
  lane_ = nullptr;
  settle();
  ::close(nowhere_);
}

const client::site_ptr& proxy_rig::site() {
  if (!site_) {
    auto snapshot = std::make_shared<actors::gateway_snapshot>();
    snapshot->settings = settings_;
    snapshot->routes = std::make_shared<const routing::catalog>(*settings_);
    actors::backend_entry entry;
    entry.settings = &backend_settings();
    entry.lanes = {lane_};
    snapshot->backends.push_back(entry);
    worker_.routes = client::make_thread_routes(
        io(), snapshot, {}, [this](const std::string& name) { return &metrics_.backend(name); });
    site_ = worker_.routes->site("b");
  }
  return site_;
}

void proxy_rig::settle() {
  actors_.settle();
  for (auto& client : clients_)
    client.pump();
  for (auto& backend : backends_)
    backend->pump();
  actors_.settle();
}

/// Waits for the kernel, a moment at most.
void proxy_rig::turn() {
  io().context().run_one_for(std::chrono::milliseconds{1});
  settle();
}

void proxy_rig::pass(milliseconds time) {
  settle();
  for (auto left = std::chrono::nanoseconds{time}.count(); left > 0;) {
    const auto part = std::min(left, net::timer_wheel::tick);
    clock_.advance(part);
    left -= part;
    settle();
  }
}

void proxy_rig::until_client_has(std::string_view text) {
  until([&] { return client().received().find(text) != std::string::npos; });
}

void proxy_rig::until_backend_has(far_end& backend, std::string_view text) {
  until([&] { return backend.received().find(text) != std::string::npos; });
}

void proxy_rig::until_client_ended() {
  until([&] { return client().ended(); });
}

// ---- requests ----

void proxy_rig::begin(std::string_view request, work what) {
  what_ = std::move(what);
  send(request);
  until([&] { return !what_; });
}

void proxy_rig::send(std::string_view request) {
  site();
  seen = {};
  acceptor listening{io().executor()};
  listening.open(net::tcp::v4());
  listening.bind({asio::ip::address_v4::loopback(), 0});
  listening.listen();
  net::socket near{io().executor()};
  near.open(net::tcp::v4());
  if (client_buffer != 0)
    near.set_option(asio::socket_base::receive_buffer_size(client_buffer));
  near.connect(listening.local_endpoint());
  auto accepted = listening.accept(io().executor());
  if (client_buffer != 0)
    accepted.set_option(asio::socket_base::send_buffer_size(client_buffer));
  clients_.emplace_back(std::move(near));
  client().send(request);
  auto connection = net::make_local<server::connection>(worker_, std::move(accepted),
                                                        server::connection_limits::seat{}, nullptr);
  connection->start({});
  settle();
}

net::task<void> proxy_rig::serve(server::exchange& exchange) {
  current_ = &exchange;
  const auto what = std::exchange(what_, {});
  co_await what(exchange);
  seen.record = exchange.record();
  seen.begun = exchange.begun();
  seen.aborted = exchange.aborted();
  current_ = nullptr;
  if (!exchange.begun())
    exchange.abort(); // whoever did this has nothing to say to the client
}

void proxy_rig::begin_call(std::string_view request, const forward_options& options,
                           with_call what) {
  begin(request, [this, options, what = std::move(what)](server::exchange& exchange) {
    return run_call(exchange, options, what);
  });
}

call& proxy_rig::hold(std::string_view request, const forward_options& options) {
  begin_call(request, options, [this](call& of) -> net::task<void> {
    held_call_ = &of;
    co_await gate_->wait();
    held_call_ = nullptr;
  });
  until([&] { return held_call_ != nullptr; });
  return *held_call_;
}

void proxy_rig::let_go() {
  if (held_call_ == nullptr)
    return;
  gate_->notify();
  settle();
}

net::task<void> proxy_rig::run_call(server::exchange& exchange, forward_options options,
                                    with_call what) {
  if (!options.stream_body && exchange.has_body())
    co_await exchange.read_body(std::size_t{64} << 20);
  call of{exchange, site_, options};
  co_await what(of);
  note(of);
}

void proxy_rig::note(const call& of) {
  if (!of.failed.message.empty()) {
    seen.what = of.failed.what;
    seen.message = of.failed.message;
  }
  seen.collected = of.collected;
  seen.end = of.end;
}

void proxy_rig::attempt(std::string_view request, const forward_options& options,
                        with_answer then) {
  begin_call(request, options,
             [this, then = std::move(then)](call& of) { return run_attempt(of, then); });
}

net::task<void> proxy_rig::run_attempt(call& of, with_answer then) {
  permit_slot permit{of, of.ex.number()};
  request_body body{of};
  if (!permit.take()) {
    ADD_FAILURE() << "no permit";
    co_return;
  }
  upstream_request asked{of, permit, body, net::io_thread::recent()};
  auto how = co_await asked.send(true);
  if (how == step::done)
    how = co_await then(of, asked);
  seen.came_to = how;
}

void proxy_rig::forward(std::string_view request, const forward_options& options) {
  begin(request,
        [this, options](server::exchange& exchange) { return run_forward(exchange, options); });
}

net::task<void> proxy_rig::run_forward(server::exchange& exchange, forward_options options) {
  if (!options.stream_body && exchange.has_body())
    co_await exchange.read_body(std::size_t{64} << 20);
  forwarder work{exchange, site_, options};
  const auto end = co_await work.run();
  seen.end = end;
  seen.collected = work.answer();
}

net::task<onward> scripted_targets::after(miss what) {
  if (what.answer != nullptr)
    misses.push_back(std::to_string(what.answer->status) + " " + what.answer->body);
  else
    misses.push_back(what.unreachable ? "unreachable" : "lost");
  const auto index = misses.size() - 1;
  co_return index < next.size() ? next[index] : onward::none;
}

const outcome_seen& proxy_rig::end() {
  until([&] { return current_ == nullptr; });
  return seen;
}

seen_answer proxy_rig::answer() {
  return parse_answer(client().received(), client().ended() && !client().was_reset());
}

// ---- the backend ----

far_end& proxy_rig::accept() {
  std::optional<net::socket> accepted;
  until([&] {
    net::error_code ec;
    auto one = acceptor_.accept(io().executor(), ec);
    if (!ec)
      accepted.emplace(std::move(one));
    return accepted.has_value();
  });
  settle();
  return *backends_.emplace_back(std::make_unique<far_end>(std::move(*accepted)));
}

far_end& proxy_rig::accept_request() {
  auto& backend = accept();
  until_backend_has(backend, "\r\n\r\n");
  return backend;
}

bool proxy_rig::nobody_connects() {
  settle();
  net::error_code ec;
  auto one = acceptor_.accept(io().executor(), ec);
  return ec == asio::error::would_block;
}

// ---- what is counted ----

std::uint64_t proxy_rig::all_attempts() {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < telemetry::attempt_result_texts.size(); ++i)
    sum += attempts(static_cast<telemetry::attempt_result>(i));
  return sum;
}

bool proxy_rig::at_rest() {
  auto& of = backend_metrics();
  return of.in_flight.value() == 0 && of.waiting.value() == 0 && of.pool_active.value() == 0;
}

// ---- answers ----

namespace {
bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(a[i])) !=
        std::tolower(static_cast<unsigned char>(b[i])))
      return false;
  return true;
}

std::optional<std::string> field_in(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && same_name(line.substr(0, colon), name))
      return std::string{line.substr(colon + 2)};
    if (end == std::string_view::npos)
      break;
    head.remove_prefix(end + 2);
  }
  return {};
}

/// Chunks without extensions and trailers: that is what the gateway writes.
void unchunk(std::string_view bytes, seen_answer& into) {
  for (;;) {
    const auto line = bytes.find("\r\n");
    if (line == std::string_view::npos)
      return;
    std::size_t size = 0;
    const auto read = std::from_chars(bytes.data(), bytes.data() + line, size, 16);
    if (read.ec != std::errc{})
      return;
    bytes.remove_prefix(line + 2);
    if (size == 0) {
      into.whole = bytes == "\r\n";
      return;
    }
    into.body.append(bytes.substr(0, size));
    if (bytes.size() < size + 2)
      return;
    bytes.remove_prefix(size + 2);
  }
}
} // namespace

std::string seen_answer::field(std::string_view name) const {
  return field_in(head, name).value_or("");
}

bool seen_answer::has(std::string_view name) const {
  return field_in(head, name).has_value();
}

seen_answer parse_answer(std::string_view bytes, bool ended, bool to_head) {
  seen_answer result;
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos)
    return result;
  result.head = bytes.substr(0, end + 4);
  bytes.remove_prefix(end + 4);
  std::from_chars(result.head.data() + 9, result.head.data() + 12, result.status);
  result.chunked = result.field("Transfer-Encoding") == "chunked";
  if (result.chunked) {
    unchunk(bytes, result);
    return result;
  }
  result.body = bytes;
  if (to_head || result.status == 204 || result.status == 304)
    result.whole = result.body.empty();
  else if (result.has("Content-Length"))
    result.whole = std::to_string(result.body.size()) == result.field("Content-Length");
  else
    result.whole = ended;
  return result;
}

std::string post(std::string_view path, std::string_view body, std::string_view fields) {
  return "POST " + std::string{path} + " HTTP/1.1\r\nHost: gateway\r\n" + std::string{fields} +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

std::string get(std::string_view path, std::string_view fields) {
  return "GET " + std::string{path} + " HTTP/1.1\r\nHost: gateway\r\n" + std::string{fields} +
         "\r\n";
}

std::string json_answer(std::string_view body, std::string_view fields) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + std::string{fields} +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

std::string chunk_of_bytes(std::string_view payload) {
  char size[20];
  const auto end = std::to_chars(size, size + sizeof size, payload.size(), 16).ptr;
  return std::string(size, end) + "\r\n" + std::string{payload} + "\r\n";
}

// ---- for messages ----

void PrintTo(step value, std::ostream* out) {
  constexpr const char* names[] = {"done", "failed", "gone", "refused"};
  *out << names[static_cast<int>(value)];
}

void PrintTo(forward_end value, std::ostream* out) {
  constexpr const char* names[] = {"replied", "gone", "refused", "collected", "failed"};
  *out << names[static_cast<int>(value)];
}

void PrintTo(mishap value, std::ostream* out) {
  if (value == mishap::count_)
    *out << "no mishap";
  else
    *out << row_of(value).sentence;
}

} // namespace synapse::proxy
