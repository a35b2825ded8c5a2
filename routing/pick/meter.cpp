#include "routing/pick/meter.hpp"

#include <algorithm>

namespace synapse::routing {

namespace {
constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t cache_line = 64;

std::size_t class_index(std::uint8_t prompt_class) noexcept {
  return std::min<std::size_t>(prompt_class, prompt_classes - 1);
}
} // namespace

std::uint8_t prompt_class_of(std::size_t bytes) noexcept {
  constexpr std::size_t kib = 1024;
  if (bytes < 16 * kib)
    return bytes < 2 * kib ? 0 : 1;
  return bytes < 128 * kib ? 2 : 3;
}

/// What one thread keeps of all others. Nobody else looks at it.
struct deployment_meter::others {
  std::int64_t at = never;
  std::uint32_t in_flight = 0;
  success_share success;
  std::array<peak_average, prompt_classes> first_token;
};

/// What others read for each pick is one line, so that they fetch one line for it.
struct alignas(cache_line) deployment_meter::slot {
  std::atomic<std::uint32_t> in_flight{0};
  std::atomic<float> success{1};
  std::atomic<std::int64_t> at{never}; ///< of the last outcome
  std::array<std::atomic<float>, prompt_classes> first_token{};
  std::array<std::atomic<std::int64_t>, prompt_classes> first_token_at{never, never, never, never};

  alignas(cache_line) others around;

  alignas(cache_line) outcome_window outcomes;
  request_window requests_lately;
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> attempts{0};
  std::atomic<std::uint64_t> successes{0};
  std::atomic<std::uint64_t> failures{0};
  std::atomic<std::uint64_t> tokens_in{0};
  std::atomic<std::uint64_t> tokens_out{0};

  /// What came before `ready` is left out.
  peak_average peak(std::size_t prompt_class, std::int64_t ready) const noexcept {
    peak_average result;
    if (const auto last = first_token_at[prompt_class].load(relaxed); last >= ready) {
      result.value = first_token[prompt_class].load(relaxed);
      result.at = last;
    }
    return result;
  }
  success_share share(std::int64_t ready) const noexcept {
    success_share result;
    if (const auto last = at.load(relaxed); last != never && last >= ready) {
      result.value = success.load(relaxed);
      result.at = last;
    }
    return result;
  }
};

deployment_meter::deployment_meter(unsigned threads)
    : slots_(std::make_unique<slot[]>(std::clamp(threads, 1U, max_threads))),
      threads_(std::clamp(threads, 1U, max_threads)) {}

deployment_meter::~deployment_meter() = default;

deployment_meter::slot& deployment_meter::of(unsigned thread) const noexcept {
  return slots_[thread < threads_ ? thread : 0];
}

void deployment_meter::begin(unsigned thread, bool first) noexcept {
  auto& own = of(thread);
  add_alone(own.in_flight, 1U);
  add_alone(own.attempts, std::uint64_t{1});
  if (!first)
    return;
  add_alone(own.requests, std::uint64_t{1});
}

void deployment_meter::came(unsigned thread, std::int64_t now) noexcept {
  of(thread).requests_lately.add(now);
}

void deployment_meter::went_on(unsigned thread, std::int64_t now) noexcept {
  of(thread).requests_lately.take_back(now);
}

void deployment_meter::end(unsigned thread) noexcept {
  auto& count = of(thread).in_flight;
  // One too many must not make four billion of it.
  if (const auto before = count.load(relaxed); before != 0)
    count.store(before - 1, relaxed);
}

void deployment_meter::feed(slot& own, std::uint8_t prompt_class, std::int64_t sample,
                            std::int64_t now) noexcept {
  const auto of_class = class_index(prompt_class);
  auto peak = own.peak(of_class, ready_since());
  // 0 stands for no sample.
  const auto value = static_cast<float>(std::max<std::int64_t>(sample, 1));
  peak.feed(value, now, counts(peak.at, now));
  own.first_token[of_class].store(peak.value, relaxed);
  own.first_token_at[of_class].store(peak.at, relaxed);
}

void deployment_meter::count(slot& own, bool success, std::int64_t now) noexcept {
  auto before = own.share(ready_since());
  // From what all saw: a thread alone would need as many failures again to believe it.
  if (threads_ > 1)
    before.join(look_around(own, now).success);
  const auto silence = before.at == never ? 0 : now - before.at;
  own.success.store(next_share(before.value, success, silence), relaxed);
  own.at.store(now, relaxed);
  own.outcomes.add(success, now);
  add_alone(success ? own.successes : own.failures, std::uint64_t{1});
}

void deployment_meter::first_token(unsigned thread, std::uint8_t prompt_class, std::int64_t after,
                                   std::int64_t now) noexcept {
  feed(of(thread), prompt_class, after, now);
}

void deployment_meter::succeeded(unsigned thread, std::int64_t now) noexcept {
  count(of(thread), true, now);
}

void deployment_meter::failed(unsigned thread, std::int64_t now) noexcept {
  count(of(thread), false, now);
}

void deployment_meter::timed_out(unsigned thread, std::uint8_t prompt_class, std::int64_t limit,
                                 std::int64_t now) noexcept {
  auto& own = of(thread);
  feed(own, prompt_class, limit, now);
  count(own, false, now);
}

void deployment_meter::used_tokens(unsigned thread, std::uint64_t in, std::uint64_t out) noexcept {
  add_alone(of(thread).tokens_in, in);
  add_alone(of(thread).tokens_out, out);
}

const deployment_meter::others& deployment_meter::look_around(slot& own,
                                                              std::int64_t now) noexcept {
  auto& around = own.around;
  if (around.at != never && now >= around.at && now - around.at < others_last)
    return around;
  around = others{};
  around.at = now;
  const auto ready = ready_since();
  for (unsigned i = 0; i < threads_; ++i) {
    const auto& other = slots_[i];
    if (&other == &own)
      continue;
    around.in_flight += other.in_flight.load(relaxed);
    around.success.join(other.share(ready));
    for (std::size_t c = 0; c < prompt_classes; ++c)
      around.first_token[c].join(other.peak(c, ready));
  }
  return around;
}

std::uint32_t deployment_meter::busy(slot& own, std::int64_t now) noexcept {
  if (threads_ > few_threads)
    return own.in_flight.load(relaxed) + look_around(own, now).in_flight;
  return all_in_flight();
}

std::uint32_t deployment_meter::in_flight(unsigned thread, std::int64_t now) noexcept {
  return busy(of(thread), now);
}

meter_reading deployment_meter::read(unsigned thread, std::uint8_t prompt_class,
                                     std::int64_t now) noexcept {
  auto& own = of(thread);
  const auto of_class = class_index(prompt_class);
  const auto ready = ready_since();
  auto peak = own.peak(of_class, ready);
  auto share = own.share(ready);
  if (threads_ > 1) {
    const auto& around = look_around(own, now);
    peak.join(around.first_token[of_class]);
    share.join(around.success);
  }
  meter_reading result;
  result.in_flight = busy(own, now);
  if (counts(peak.at, now))
    result.first_token = peak.value;
  if (counts(share.at, now))
    result.success = std::max(share.value, least_success);
  return result;
}

deployment_meter::totals deployment_meter::all() const noexcept {
  totals sum;
  for (unsigned i = 0; i < threads_; ++i) {
    const auto& one = slots_[i];
    sum.requests += one.requests.load(relaxed);
    sum.attempts += one.attempts.load(relaxed);
    sum.successes += one.successes.load(relaxed);
    sum.failures += one.failures.load(relaxed);
    sum.tokens_in += one.tokens_in.load(relaxed);
    sum.tokens_out += one.tokens_out.load(relaxed);
  }
  return sum;
}

std::uint32_t deployment_meter::all_in_flight() const noexcept {
  std::uint32_t sum = 0;
  for (unsigned i = 0; i < threads_; ++i)
    sum += slots_[i].in_flight.load(relaxed);
  return sum;
}

outcome_window::counts deployment_meter::within(std::int64_t now) const noexcept {
  outcome_window::counts sum;
  for (unsigned i = 0; i < threads_; ++i) {
    const auto one = slots_[i].outcomes.within(now);
    sum.successes += one.successes;
    sum.failures += one.failures;
  }
  return sum;
}

std::uint64_t deployment_meter::lately(std::int64_t now) const noexcept {
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < threads_; ++i)
    sum += slots_[i].requests_lately.within(now);
  return sum;
}

std::int64_t deployment_meter::last_sample() const noexcept {
  auto newest = never;
  for (unsigned i = 0; i < threads_; ++i)
    newest = std::max(newest, slots_[i].at.load(relaxed));
  return newest;
}

void deployment_meter::took_to_load(std::int64_t duration) noexcept {
  const auto before = load_time();
  const auto took = std::max<std::int64_t>(duration, 1);
  load_time_.store(before == 0 ? took : before + (took - before) / 4, relaxed);
}

} // namespace synapse::routing
