#include "backends/standin/telling.hpp"

#include "backends/standin/standin_service.hpp"

#include <algorithm>
#include <utility>

namespace synapse::backends {

namespace {

using tell_clock = exchange::clock;

// One run of an answer: the waiting and the writing.
class telling_run {
public:
  telling_run(exchange& out, telling& what, const telling_form& form, telling_rules rules)
      : out_(out), what_(what), form_(form), rules_(std::move(rules)) {}

  asio::awaitable<bool> run() {
    what_.began = tell_clock::now();
    bool go_on = true;
    if (what_.what.params.stream)
      go_on = co_await open();
    if (go_on)
      go_on = co_await all_steps();
    what_.ended = tell_clock::now();
    if (go_on)
      go_on = co_await close();
    else if (broken_)
      co_await say_broken();
    co_return go_on;
  }

private:
  asio::awaitable<bool> open() {
    response head;
    head.content_type = rules_.stream_type;
    bool ok = co_await out_.begin_stream(std::move(head));
    if (ok)
      ok = co_await put_all(form_.opening(what_), event_kind::content);
    co_return ok;
  }

  asio::awaitable<bool> put(std::string text, event_kind kind) {
    if (text.empty())
      co_return true;
    bool ok = false;
    if (form_.in_lines())
      ok = co_await out_.line(std::move(text), kind);
    else
      ok = co_await out_.event(std::move(text), kind);
    co_return ok;
  }

  asio::awaitable<bool> put_all(std::vector<std::string> texts, event_kind kind) {
    for (auto& each : texts) {
      bool ok = co_await put(std::move(each), kind);
      if (!ok)
        co_return false;
    }
    co_return true;
  }

  tell_clock::time_point due(std::size_t step) const {
    auto first = what_.began + rules_.speed.first_token;
    if (rules_.speed.tokens_per_second <= 0)
      return first;
    std::chrono::duration<double> after{static_cast<double>(step + 1) /
                                        rules_.speed.tokens_per_second};
    return first + std::chrono::duration_cast<tell_clock::duration>(after);
  }

  // Returns false if the client left or the engine died.
  asio::awaitable<bool> wait_until(tell_clock::time_point when) {
    for (;;) {
      auto word = rules_.engine ? rules_.engine() : engine_word::go_on;
      broken_ = word == engine_word::broken;
      if (out_.gone() || broken_)
        co_return false;
      auto next = word == engine_word::hold ? tell_clock::time_point::max() : when;
      if (tell_clock::now() >= next)
        co_return true;
      co_await out_.pause_until(next);
    }
  }

  asio::awaitable<bool> all_steps() {
    auto steps = what_.steps();
    for (std::size_t step = 0; step < std::max<std::size_t>(steps, 1); ++step) {
      bool ok = co_await wait_until(due(step));
      if (!ok)
        co_return false;
      if (step == 0)
        what_.first = tell_clock::now();
      if (step >= steps)
        break;
      ++what_.what.times.predicted;
      ++out_.counters().tokens_generated;
      if (!what_.what.params.stream)
        continue;
      auto text = form_.piece(what_, step);
      ok = co_await put(std::move(text), event_kind::content);
      if (!ok)
        co_return false;
    }
    co_return true;
  }

  asio::awaitable<bool> close() {
    if (!what_.what.params.stream) {
      auto answer = json_response(form_.whole(what_));
      answer.content_type = rules_.whole_type;
      bool sent = co_await out_.reply(std::move(answer));
      co_return sent;
    }
    auto last = form_.closing(what_);
    bool ok = co_await put_all(std::move(last), event_kind::finish);
    if (ok && !form_.in_lines())
      ok = co_await put("[DONE]", event_kind::done);
    if (ok)
      ok = co_await out_.end_stream();
    co_return ok;
  }

  asio::awaitable<void> say_broken() {
    if (!out_.started())
      throw standin_problem{500, rules_.broken_text, {}, {}};
    auto last = form_.broken(what_);
    bool ok = co_await put_all(std::move(last), event_kind::content);
    if (ok)
      co_await out_.end_stream();
  }

  exchange& out_;
  telling& what_;
  const telling_form& form_;
  telling_rules rules_;
  bool broken_ = false;
};

} // namespace

std::string telling::thought() const {
  std::string out;
  for (const auto& each : thinking)
    out += each.piece;
  return out;
}

asio::awaitable<bool> tell(exchange& out, telling& what, const telling_form& form,
                           telling_rules rules) {
  telling_run run{out, what, form, std::move(rules)};
  bool told = co_await run.run();
  co_return told;
}

} // namespace synapse::backends
