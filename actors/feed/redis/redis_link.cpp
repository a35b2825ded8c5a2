#include "actors/feed/redis/redis_link.hpp"

#include "actors/feed/feed_wire.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <pthread.h>
#include <utility>

namespace synapse::actors {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {
/// Bytes that may wait for the system to take them, besides the last few lines.
constexpr std::size_t enough_unsent = 256 * 1024;
constexpr std::size_t lines_at_once = 16;
constexpr unsigned most_doublings = 16;
constexpr int both = 2;
} // namespace

redis_link::redis_link(redis_link_parts parts)
    : parts_(std::move(parts)), queue_(parts_.limits.queue), lookup_(io_, parts_.lookup),
      thread_([this] { run(); }) {}

redis_link::~redis_link() {
  io_.stop();
  thread_.join();
  parts_.stats->connected = false;
}

void redis_link::run() {
  // Signals are the main thread's.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  pthread_setname_np(pthread_self(), "redis-link");
  try_to_connect();
  io_.run();
}

void redis_link::publish(const feed_batch_ptr& batch) {
  count_dropped(queue_.push(batch));
  if (!awake_.exchange(true))
    asio::post(io_, [this] {
      awake_ = false;
      pump();
    });
}

void redis_link::try_to_connect() {
  const auto deadline = clock::now() + parts_.limits.connect_timeout;
  const auto& url = parts_.url;
  error_code not_an_address;
  const auto address = asio::ip::make_address(url.host, not_an_address);
  if (!not_an_address)
    return connect({{address, url.port}}, deadline);
  looking_up_ = true;
  timer_.expires_at(deadline);
  timer_.async_wait([this](const error_code& error) {
    // Cancelled too late, it comes without an error.
    if (!error && looking_up_)
      on_fault({"its name was not resolved in time", false});
  });
  lookup_.start(url.host, url.port,
                [this, deadline](const tcp_endpoints& found, const std::string& problem) {
                  looking_up_ = false;
                  timer_.cancel();
                  if (found.empty())
                    on_fault({"its name cannot be resolved: " + problem, false});
                  else
                    connect(found, deadline);
                });
}

void redis_link::connect(const tcp_endpoints& endpoints, clock::time_point deadline) {
  redis_tls tls;
  if (parts_.url.tls) {
    std::string problem;
    tls = make_redis_tls(parts_.ca_file, problem);
    if (!tls)
      return on_fault({problem, true});
  }
  subscriber_ = make_connection(connection_role::subscriber, tls);
  publisher_ = make_connection(connection_role::publisher, tls);
  subscriber_->start(endpoints, deadline);
  publisher_->start(endpoints, deadline);
}

std::shared_ptr<redis_connection> redis_link::make_connection(connection_role role,
                                                              const redis_tls& tls) {
  redis_connection::handlers handlers;
  handlers.ready = [this] { on_ready(); };
  handlers.ended = [this](const redis_fault& fault) { on_fault(fault); };
  if (role == connection_role::subscriber) {
    handlers.message = parts_.callbacks.message;
    handlers.pause = parts_.callbacks.pause;
  } else {
    handlers.answered = [this](const std::string& refusal) { on_answered(refusal); };
    handlers.pause = [this] { pump(); };
  }
  connection_options options{parts_.url, parts_.channel, parts_.limits.ping_interval, tls};
  return std::make_shared<redis_connection>(io_, role, std::move(options), std::move(handlers));
}

void redis_link::on_ready() {
  if (++ready_ < both)
    return;
  if (std::exchange(was_connected_, true))
    parts_.stats->reconnects.fetch_add(1);
  connected_since_ = clock::now();
  refusal_told_ = false;
  parts_.stats->connected = true;
  parts_.callbacks.connected();
  pump();
}

void redis_link::on_fault(const redis_fault& fault) {
  looking_up_ = false;
  timer_.cancel();
  lookup_.forget();
  for (auto* one : {&subscriber_, &publisher_})
    if (*one) {
      (*one)->close();
      one->reset();
    }
  if (ready_ == both && clock::now() - connected_since_ >= parts_.limits.last_retry)
    failures_ = 0; // else a server that lets one in and throws one out would be asked all the time
  ready_ = 0;
  parts_.stats->connected = false;
  parts_.stats->faults.fetch_add(1);
  count_dropped(queue_.put_back(
      {std::make_move_iterator(unanswered_.begin()), std::make_move_iterator(unanswered_.end())}));
  unanswered_.clear();
  parts_.callbacks.lost(fault);
  wait_and_retry(fault.refused);
}

void redis_link::wait_and_retry(bool refused) {
  const auto& limits = parts_.limits;
  auto delay = limits.first_retry * (1U << std::min(failures_, most_doublings));
  if (refused || delay > limits.last_retry)
    delay = limits.last_retry;
  ++failures_;
  // Replicas that lost the server together should not come back together.
  std::uniform_real_distribution<double> share{0.5, 1.0};
  const std::chrono::duration<double, std::milli> wait = delay * share(random_);
  timer_.expires_after(std::chrono::duration_cast<clock::duration>(wait));
  timer_.async_wait([this](const error_code& error) {
    if (!error)
      try_to_connect();
  });
}

void redis_link::pump() {
  if (ready_ < both)
    return;
  const std::size_t most = parts_.limits.unanswered;
  while (publisher_->unsent() < enough_unsent && unanswered_.size() < most) {
    auto events = queue_.take(std::min(lines_at_once, most - unanswered_.size()));
    if (events.empty())
      return tell_dropped(true);
    for (auto& event : events) {
      const auto message = encode_feed_event(*event);
      if (message.empty()) {
        count_dropped(1);
        continue;
      }
      unanswered_.push_back(std::move(event));
      publisher_->publish(message);
    }
  }
  tell_dropped(false);
}

void redis_link::on_answered(const std::string& refusal) {
  unanswered_.pop_front();
  if (refusal.empty()) {
    parts_.stats->published.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  count_dropped(1);
  if (!std::exchange(refusal_told_, true))
    parts_.callbacks.refused(refusal);
}

void redis_link::count_dropped(std::uint64_t count) {
  if (count == 0)
    return;
  parts_.stats->dropped.fetch_add(count, std::memory_order_relaxed);
  untold_drops_.fetch_add(count, std::memory_order_relaxed);
}

void redis_link::tell_dropped(bool all_gone) {
  if (untold_drops_.load(std::memory_order_relaxed) == 0)
    return;
  // Best when it is over, and the count is that of the whole time; but it may never be over.
  const auto now = clock::now();
  const bool is_first = !drops_told_at_ && all_gone;
  const auto since = drops_told_at_.value_or(connected_since_);
  if (!is_first && now - since < parts_.limits.dropped_interval)
    return;
  drops_told_at_ = now;
  parts_.callbacks.dropped(untold_drops_.exchange(0));
}

} // namespace synapse::actors
