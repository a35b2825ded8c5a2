#pragma once

#include "backends/llama/generation.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace synapse::backends {

/// An answer on its way to the client: what is said, and when.
struct telling {
  using time_point = exchange::clock::time_point;

  generation what; ///< with one choice
  std::vector<token> thinking;
  time_point asked = exchange::clock::now();
  time_point began = asked; ///< the engine began to work
  time_point first = asked; ///< the first token was there
  time_point ended = asked;

  const answer_choice& choice() const { return what.choices.front(); }
  std::size_t steps() const { return thinking.size() + choice().tokens.size(); }
  std::string thought() const;

  /// @returns tokens said so far, thoughts included.
  std::size_t said() const { return what.times.predicted; }
};

/// How one route of a server writes an answer. Texts are payloads of events, or lines.
class telling_form {
public:
  virtual ~telling_form() = default;

  virtual json whole(const telling& done) const = 0;
  virtual std::vector<std::string> opening(const telling& now) const = 0;
  /// @param step number of the token, from 0; @returns an empty text if nothing is sent with it.
  virtual std::string piece(const telling& now, std::size_t step) const = 0;
  /// @returns what ends a stream, up to the last but the mark `[DONE]`.
  virtual std::vector<std::string> closing(const telling& done) const = 0;
  /// @returns what a stream ends with when the engine died.
  virtual std::vector<std::string> broken(const telling&) const { return {}; }
  /// @returns true for JSON lines, false for server-sent events that end in `[DONE]`.
  virtual bool in_lines() const { return false; }
};

/// What an engine lets an answer do.
enum class engine_word { go_on, hold, broken };

/// How an answer is told.
struct telling_rules {
  pace speed;
  std::string stream_type = "text/event-stream";
  std::string whole_type = "application/json";
  /// Asked before every token; empty: always go on. Whoever changes it wakes the exchange.
  std::function<engine_word()> engine;
  std::string broken_text; ///< of the 500 when the engine dies before anything was sent
};

/// Tells an answer token by token. Notices that the client leaves and that the engine dies.
/// @returns true if it was told to its end
/// @throws standin_problem 500 if the engine dies and nothing was sent
asio::awaitable<bool> tell(exchange& out, telling& what, const telling_form& form,
                           telling_rules rules);

} // namespace synapse::backends
