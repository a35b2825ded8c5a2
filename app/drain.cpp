#include "app/drain.hpp"

#include <boost/asio/post.hpp>

#include <thread>
#include <utility>

namespace synapse::app {

namespace {
using namespace std::chrono_literals;
/// For connections that are cut, and then for the actors.
constexpr auto stop_patience = 5s;
} // namespace

drain::drain(boost::asio::io_context& context, const parts& all, std::function<void()> drained)
    : all_(all), drained_(std::move(drained)), timer_(context) {}

void drain::begin() {
  const auto& times = all_.current.settings()->drain;
  all_.say.info("draining: readiness fails, {} requests in progress",
                all_.machine.running_requests());
  all_.served.life.draining = true;
  all_.manager.stopping(times.delay + times.limit + 2 * stop_patience);
  timer_.expires_after(times.delay);
  timer_.async_wait([this](boost::system::error_code ec) {
    if (!ec)
      close();
  });
}

void drain::close() {
  all_.machine.on_each_thread([](thread_parts& t) {
    t.listener->stop();
    t.work.begin_drain();
  });
  limit_ = std::chrono::steady_clock::now() + all_.current.settings()->drain.limit;
  await_end();
}

void drain::await_end() {
  timer_.expires_after(20ms);
  timer_.async_wait([this](boost::system::error_code ec) {
    if (ec)
      return;
    if (all_.served.life.connections == 0) {
      drained_();
    } else if (std::chrono::steady_clock::now() >= limit_) {
      all_.say.warn("drain limit reached: cutting {} requests", all_.machine.running_requests());
      drained_();
    } else {
      await_end();
    }
  });
}

void drain::cancel() {
  timer_.cancel();
}

void drain::stop() {
  all_.machine.on_each_thread([](thread_parts& t) {
    if (t.listener)
      t.listener->stop();
    t.work.abort_all();
  });
  const auto patience = std::chrono::steady_clock::now() + stop_patience;
  while (all_.served.life.connections > 0 && std::chrono::steady_clock::now() < patience)
    std::this_thread::sleep_for(5ms);
  all_.machine.on_each_thread([](thread_parts& t) { t.work.routes.reset(); });
  all_.served.observed.stop();
  all_.control.stop(stop_patience);
  all_.machine.end();
}

} // namespace synapse::app
