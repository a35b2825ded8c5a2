#include "backends/llama/generation.hpp"

#include "backends/llama/llama_service.hpp"

#include <algorithm>
#include <utility>

namespace synapse::backends {

using clock_type = exchange::clock;

std::string answer_choice::text() const {
  std::string out;
  for (const auto& each : tokens)
    out += each.piece;
  return out;
}

json generation_times::to_json() const {
  auto fresh = prompt - cached;
  auto per = [](double ms, std::size_t count) { return count > 0 ? ms / double(count) : 0.0; };
  auto rate = [](double ms, std::size_t count) {
    return ms > 0 ? 1000.0 * double(count) / ms : 0.0;
  };
  return {{"cache_n", cached},
          {"prompt_n", fresh},
          {"prompt_ms", prompt_ms},
          {"prompt_per_token_ms", per(prompt_ms, fresh)},
          {"prompt_per_second", rate(prompt_ms, fresh)},
          {"predicted_n", predicted},
          {"predicted_ms", predicted_ms},
          {"predicted_per_token_ms", per(predicted_ms, predicted)},
          {"predicted_per_second", rate(predicted_ms, predicted)}};
}

json generation::usage() const {
  return {{"completion_tokens", times.predicted},
          {"prompt_tokens", times.prompt},
          {"total_tokens", times.prompt + times.predicted},
          {"prompt_tokens_details", {{"cached_tokens", times.cached}}}};
}

answer_choice plan_choice(const std::string& text, const generation_params& params,
                          std::size_t room) {
  answer_choice out;
  auto end = std::string::npos;
  for (const auto& word : params.stop) {
    auto at = text.find(word);
    if (at < end) {
      end = at;
      out.stopping_word = word;
    }
  }
  out.tokens = tokenize(std::string_view(text).substr(0, end));
  auto limit = std::min(room, params.max_tokens.value_or(room));
  if (out.tokens.size() > limit) {
    out.tokens.resize(limit);
    out.finish = "length";
    out.stopping_word.clear();
  }
  return out;
}

namespace {

double ms_between(clock_type::time_point from, clock_type::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

// One run of a generation: the waiting and the writing.
class generation_run {
public:
  generation_run(exchange& out, const request& in, std::shared_ptr<model_process> process,
                 generation& todo, const answer_format& format, pace speed)
      : out_(out), in_(in), process_(std::move(process)), todo_(todo), format_(format),
        speed_(speed) {}

  asio::awaitable<void> run() {
    slot_ = co_await acquire_slot(process_, out_);
    if (!slot_) {
      co_await broken();
      co_return;
    }
    start();
    if (todo_.params.stream) {
      response head;
      head.content_type = "text/event-stream";
      add_cors(in_, head);
      streaming_ = co_await out_.begin_stream(std::move(head));
      if (!streaming_)
        co_return;
    }
    bool complete = co_await all_tokens();
    account();
    if (complete)
      co_await finish();
    else
      co_await broken();
  }

private:
  void start() {
    auto& cache = slot_->cache;
    std::vector<token_id> prompt;
    for (const auto& each : todo_.prompt_tokens)
      prompt.push_back(each.id);
    std::size_t known = 0;
    if (todo_.params.cache_prompt)
      while (known + 1 < prompt.size() && known < cache.size() && cache[known] == prompt[known])
        ++known;
    cache = std::move(prompt);
    todo_.times.prompt = todo_.prompt_tokens.size();
    todo_.times.cached = known;
    todo_.slot = slot_->id;
    began_ = clock_type::now();
  }

  // Returns false if the client left or the process died.
  asio::awaitable<bool> wait_until(clock_type::time_point due) {
    auto silence = todo_.params.ping_interval
                       ? std::chrono::milliseconds(*todo_.params.ping_interval)
                       : speed_.ping_interval;
    for (;;) {
      if (out_.gone() || !process_->alive)
        co_return false;
      auto now = clock_type::now();
      if (now >= due)
        co_return true;
      auto next = due;
      if (streaming_ && silence.count() > 0) {
        if (now >= out_.last_write() + silence) {
          bool sent = co_await out_.raw(":\n\n");
          if (!sent)
            co_return false;
          continue;
        }
        next = std::min(due, out_.last_write() + silence);
      }
      co_await out_.pause_until(next);
    }
  }

  clock_type::time_point due(std::size_t step) const {
    auto first = began_ + speed_.first_token;
    if (speed_.tokens_per_second <= 0)
      return first;
    std::chrono::duration<double> after{static_cast<double>(step + 1) / speed_.tokens_per_second};
    return first + std::chrono::duration_cast<clock_type::duration>(after);
  }

  asio::awaitable<bool> all_tokens() {
    std::size_t steps = 0;
    for (const auto& choice : todo_.choices)
      steps = std::max(steps, choice.tokens.size());
    if (streaming_ && todo_.params.return_progress) {
      bool sent = co_await progress();
      if (!sent)
        co_return false;
    }
    for (std::size_t step = 0; step < std::max<std::size_t>(steps, 1); ++step) {
      bool there = co_await wait_until(due(step));
      if (!there)
        co_return false;
      if (step == 0) {
        first_token_ = clock_type::now();
        todo_.times.prompt_ms = ms_between(began_, first_token_);
      }
      bool sent = co_await one_step(step);
      if (!sent)
        co_return false;
    }
    co_return true;
  }

  asio::awaitable<bool> one_step(std::size_t step) {
    for (std::size_t i = 0; i < todo_.choices.size(); ++i) {
      const auto& tokens = todo_.choices[i].tokens;
      if (step == 0 && streaming_) {
        for (auto& chunk : format_.opening(todo_, i)) {
          bool sent = co_await out_.event(dump(chunk));
          if (!sent)
            co_return false;
        }
      }
      if (step >= tokens.size())
        continue;
      ++todo_.times.predicted;
      ++slot_->decoded;
      ++out_.counters().tokens_generated;
      if (!streaming_)
        continue;
      todo_.times.predicted_ms = ms_between(first_token_, clock_type::now());
      auto chunk = format_.delta(todo_, i, tokens[step]);
      bool sent = co_await out_.event(dump(chunk));
      if (!sent)
        co_return false;
    }
    co_return true;
  }

  asio::awaitable<bool> progress() {
    auto chunk = format_.opening(todo_, 0);
    if (chunk.empty())
      co_return true;
    chunk.front()["prompt_progress"] = {{"total", todo_.times.prompt},
                                        {"cache", todo_.times.cached},
                                        {"processed", todo_.times.prompt},
                                        {"time_ms", ms_between(began_, clock_type::now())}};
    co_return co_await out_.event(dump(chunk.front()));
  }

  void account() {
    auto& sums = process_->metrics;
    auto& times = todo_.times;
    times.predicted_ms = ms_between(first_token_, clock_type::now());
    sums.prompt_tokens += static_cast<double>(times.prompt - times.cached);
    sums.prompt_seconds += times.prompt_ms / 1000;
    sums.predicted_tokens += static_cast<double>(times.predicted);
    sums.predicted_seconds += times.predicted_ms / 1000;
    sums.decodes += static_cast<double>(times.predicted) + 1;
    sums.largest = std::max(sums.largest, static_cast<double>(times.prompt + times.predicted));
  }

  asio::awaitable<void> finish() {
    if (!streaming_) {
      auto answer = json_response(format_.whole(todo_));
      release();
      co_await send(std::move(answer), in_, out_);
      co_return;
    }
    auto usage = todo_.params.include_usage ? format_.usage(todo_) : json();
    for (std::size_t i = 0; i < todo_.choices.size(); ++i) {
      auto chunk = format_.finish(todo_, i);
      if (usage.is_null() && i + 1 == todo_.choices.size())
        chunk["timings"] = todo_.times.to_json();
      bool sent = co_await out_.event(dump(chunk), event_kind::finish);
      if (!sent)
        co_return;
    }
    if (!usage.is_null()) {
      usage["timings"] = todo_.times.to_json();
      bool sent = co_await out_.event(dump(usage));
      if (!sent)
        co_return;
    }
    release();
    if (format_.says_done()) {
      bool sent = co_await out_.event("[DONE]", event_kind::done);
      if (!sent)
        co_return;
    }
    co_await out_.end_stream();
  }

  // A slot is free as soon as its last token is out, before the client has read it.
  void release() { slot_ = slot_lease{}; }

  // The router's side of a process that was stopped: its bare text after what was sent already,
  // and a proper end of the body.
  asio::awaitable<void> broken() {
    release();
    if (out_.gone() || process_->alive)
      co_return;
    std::string text = "proxy error: Failed to read connection";
    if (streaming_) {
      bool sent = co_await out_.raw(text);
      if (sent)
        co_await out_.end_stream();
      co_return;
    }
    auto kind = process_->plain_errors ? error_type::proxy : error_type::server;
    auto answer = error_response(api_error{kind, text});
    co_await send(std::move(answer), in_, out_);
  }

  exchange& out_;
  const request& in_;
  std::shared_ptr<model_process> process_;
  generation& todo_;
  const answer_format& format_;
  pace speed_;
  slot_lease slot_;
  bool streaming_ = false;
  clock_type::time_point began_{};
  clock_type::time_point first_token_ = clock_type::now();
};

} // namespace

asio::awaitable<void> run_generation(exchange& out, const request& in,
                                     std::shared_ptr<model_process> process, generation& todo,
                                     const answer_format& format, pace speed) {
  generation_run run{out, in, std::move(process), todo, format, speed};
  co_await run.run();
}

} // namespace synapse::backends
