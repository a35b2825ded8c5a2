#pragma once

#include "backends/llama/chat_request.hpp"
#include "backends/llama/model_pool.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace synapse::backends {

/// A function call in the place of text.
struct tool_call {
  std::string id;
  std::string name;
};

/// One of the answers to a request, decided beforehand and then handed out token by token.
struct answer_choice {
  std::vector<token> tokens; ///< of the text, or of a call's arguments
  std::string finish = "stop";
  std::string stopping_word;
  std::optional<tool_call> call;

  /// @returns the text of all tokens.
  std::string text() const;
};

/// Durations of one generation, as `timings` reports them.
struct generation_times {
  std::size_t prompt = 0;
  std::size_t cached = 0;
  std::size_t predicted = 0;
  double prompt_ms = 0;
  double predicted_ms = 0;

  json to_json() const;
};

/// A generation with everything its answer says.
struct generation {
  std::string id = "chatcmpl-" + random_id(32);
  std::string model;
  std::int64_t created = unix_now();
  generation_params params;
  std::string prompt; ///< of the first choice
  std::vector<token> prompt_tokens;
  std::vector<answer_choice> choices;
  generation_times times;
  std::size_t slot = 0;

  /// @returns `{"completion_tokens",…}` so far.
  json usage() const;
};

/// Cuts an answer at a stop string, at `max_tokens` and at the end of the context.
answer_choice plan_choice(const std::string& text, const generation_params& params,
                          std::size_t room);

/// @returns a call of the tool that must be called, with arguments that fit its parameters.
/// @pre `wanted.forced_tool` is set
answer_choice plan_tool_call(const chat_request& wanted, std::size_t room);

/// One route's JSON for the parts of a generation.
class answer_format {
public:
  virtual ~answer_format() = default;

  /// @returns the whole answer of a request that did not ask for a stream.
  virtual json whole(const generation& done) const = 0;
  /// @returns the chunks before the first token of choice `index`.
  virtual std::vector<json> opening(const generation& now, std::size_t index) const = 0;
  virtual json delta(const generation& now, std::size_t index, const token& piece) const = 0;
  /// @returns the chunk that says why choice `index` ended.
  virtual json finish(const generation& now, std::size_t index) const = 0;
  /// @returns the chunk with the usage; null if this format has none.
  virtual json usage(const generation& now) const = 0;
  virtual bool says_done() const = 0;
};

std::unique_ptr<answer_format> make_chat_format();
std::unique_ptr<answer_format> make_completion_format();

/// @param return_tokens whether partial and final objects list the token ids
std::unique_ptr<answer_format> make_native_format(bool return_tokens);

/// How fast answers come.
struct pace {
  double tokens_per_second = 60;                  ///< 0 = as fast as the client reads
  std::chrono::milliseconds first_token{0};       ///< before the first token
  std::chrono::milliseconds ping_interval{30000}; ///< of silence in a stream; 0 = no comments
};

/// Waits for a slot and hands the answer out. Notices between tokens and while waiting that the
/// client has left or that the model's process was stopped.
/// @pre `todo.choices` and `todo.prompt_tokens` are set
asio::awaitable<void> run_generation(exchange& out, const request& in,
                                     std::shared_ptr<model_process> process, generation& todo,
                                     const answer_format& format, pace speed);

} // namespace synapse::backends
