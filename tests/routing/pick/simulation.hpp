/// @file
/// Backends in virtual time, and requests that are sent where `pick` says.
#pragma once

#include "routing/pick/affinity.hpp"
#include "routing/pick/strategy.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

namespace synapse::routing::simulated {

inline constexpr std::int64_t ms = 1'000'000;
inline constexpr std::int64_t second = 1000 * ms;

/// How long answers of a backend take.
struct backend {
  std::int64_t service = 50 * ms;
  double spread = 0;     ///< share of the service time by which it varies, up and down
  double tail = 0;       ///< some take so many service times longer, exponentially
  std::size_t slots = 0; ///< answers at once, others queue; 0: any number
  bool fails = false;    ///< all of them are failures
};

/// Runs requests through pick and backends. All threads are played by the calling one, in turn.
class world {
public:
  world(std::vector<backend> backends, unsigned threads, std::uint64_t seed)
      : random(seed), backends_(std::move(backends)), threads_(threads) {
    for (std::size_t i = 0; i < backends_.size(); ++i) {
      meters.push_back(std::make_unique<deployment_meter>(threads));
      candidate one;
      one.meter = meters.back().get();
      one.id_hash = deployment_hash("backend-" + std::to_string(i));
      candidates.push_back(one);
      free_.emplace_back(std::max<std::size_t>(backends_[i].slots, 1), 0);
    }
    opened_.assign(backends_.size(), -1);
    failures_.assign(backends_.size(), 0);
  }

  /// Sends one request. @returns where it went
  std::optional<std::size_t> send(std::int64_t now, std::uint64_t affinity = 0) {
    finish_until(now);
    thread_ = (thread_ + 1) % threads_;
    std::vector<candidate> allowed;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if (!breaker || is_closed(i, now)) {
        allowed.push_back(candidates[i]);
        places.push_back(i);
      }
    pick_question question{random, strategy, affinity, 0, thread_, now};
    const auto place = pick(allowed, question);
    if (!place)
      return std::nullopt;
    start(places[*place], now);
    return places[*place];
  }

  /// Requests of independent clients. @returns how many each backend had after `skip`
  std::vector<double> run(double per_second, std::int64_t length, std::int64_t skip, bool keyed) {
    std::vector<double> share(candidates.size());
    double now = 0;
    while (true) {
      now += -std::log(1 - random.unit()) / per_second * second;
      if (now >= static_cast<double>(length))
        break;
      const auto to = send(static_cast<std::int64_t>(now), keyed ? random.next() | 1 : 0);
      if (to && now >= static_cast<double>(skip))
        ++share[*to];
    }
    return share;
  }

  void finish_until(std::int64_t now) {
    while (!running_.empty() && running_.top().end <= now) {
      const auto done = running_.top();
      running_.pop();
      finish(done);
    }
  }

  random_source random;
  pick_strategy strategy = pick_strategy::adaptive;
  bool breaker =
      false; ///< opens at five failures in a row, for a second and twice as long each time
  std::vector<std::unique_ptr<deployment_meter>> meters;
  std::vector<candidate> candidates;

private:
  struct attempt {
    std::int64_t begin;
    std::int64_t end;
    std::size_t to;
    unsigned thread;
    friend bool operator<(const attempt& a, const attempt& b) { return a.end > b.end; }
  };

  bool is_closed(std::size_t i, std::int64_t now) {
    if (opened_[i] < 0)
      return true;
    // One probe each time, which is taken for the next request that comes.
    const auto cooldown = second << std::min(failures_[i] - 5, 6);
    if (now < opened_[i] + cooldown)
      return false;
    opened_[i] = now;
    return true;
  }

  void start(std::size_t to, std::int64_t now) {
    meters[to]->begin(thread_, true);
    const auto& it = backends_[to];
    const double late = it.tail == 0 ? 0 : -it.tail * std::log(1 - random.unit());
    const double varied = 1 + it.spread * (2 * random.unit() - 1) + late;
    const auto service = static_cast<std::int64_t>(static_cast<double>(it.service) * varied);
    auto begin = now;
    if (it.slots != 0) {
      const auto first = std::min_element(free_[to].begin(), free_[to].end());
      begin = std::max(now, *first);
      *first = begin + service;
    }
    running_.push({now, begin + service, to, thread_});
  }

  void finish(const attempt& done) {
    auto& meter = *meters[done.to];
    meter.end(done.thread);
    if (backends_[done.to].fails) {
      meter.failed(done.thread, done.end);
      if (++failures_[done.to] >= 5)
        opened_[done.to] = done.end;
      return;
    }
    meter.first_token(done.thread, 0, done.end - done.begin, done.end);
    meter.succeeded(done.thread, done.end);
    failures_[done.to] = 0;
    opened_[done.to] = -1;
  }

  std::vector<backend> backends_;
  unsigned threads_;
  unsigned thread_ = 0;
  std::vector<std::vector<std::int64_t>> free_; ///< when each slot is free
  std::vector<std::int64_t> opened_;            ///< when its breaker opened; -1: it is closed
  std::vector<int> failures_;                   ///< in a row
  std::priority_queue<attempt> running_;
};

/// The busiest one's share over the mean.
inline double max_over_mean(const std::vector<double>& share) {
  double sum = 0;
  for (const auto one : share)
    sum += one;
  return *std::max_element(share.begin(), share.end()) * static_cast<double>(share.size()) / sum;
}

inline double part_of(const std::vector<double>& share, std::size_t which) {
  double sum = 0;
  for (const auto one : share)
    sum += one;
  return share[which] / sum;
}

} // namespace synapse::routing::simulated
