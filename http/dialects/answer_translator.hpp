/// @file
/// How a backend's answer becomes the client's, where it is not passed on as it comes: what each
/// dialect implements, and what a relay asks.
#pragma once

#include "http/core/head/head_parser.hpp"
#include "http/core/local_reply.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace synapse::http {

/// An error that a backend tells in place of an answer, although its status was a good one.
struct told_error {
  unsigned status = 0; ///< that it names; 0: none
  std::string body;    ///< JSON in OpenAI's form, for the client and for whoever judges it
};
/// @param type such as `exceed_context_size_error`; empty: it names none
told_error make_told_error(std::string_view message, std::string_view type, unsigned status);
/// The error that a JSON text is: `{"error": {"message", "type"}}` or `{"error": "…"}`.
/// @param flat also `{"type": "error", "message"}`, as events have it. @returns nothing: it is none
std::optional<told_error> told_error_in(std::string_view text, bool flat = false);

/// Makes the client's answer of a backend's good one (2xx) while it arrives.
class answer_translator {
public:
  /// What the client's head says.
  struct head {
    std::string_view content_type;
    std::string fields; ///< complete lines, each with CRLF
    bool event_stream = false;
    /// The body keeps its length: what goes out is what came in.
    bool same_length = false;
  };
  enum class progress {
    more,  ///< everything was taken
    ended, ///< the answer's own end mark was there; whatever follows is not looked at
    bad,   ///< not what such a backend answers: see `problem`
  };
  answer_translator() = default;
  answer_translator(const answer_translator&) = delete;
  answer_translator& operator=(const answer_translator&) = delete;
  virtual ~answer_translator() = default;

  /// The backend's head is there; its views are valid during the call only.
  virtual progress begin(const response_head& answer) = 0;
  /// Appends to `out` what the client gets for these bytes. Nothing is sent before there is some.
  virtual progress take(std::string_view bytes, std::string& out) = 0;
  /// The backend's answer has come to the end that its framing names. `bad`: it is incomplete all
  /// the same.
  virtual progress finish(std::string& out) = 0;
  /// Asked when the first byte is to go out, not before.
  virtual head client_head() const = 0;
  /// The answer breaks off after something of it was sent: a last word, if its form has room for
  /// one. Afterwards the connection is cut in any case.
  virtual void broken(std::string& /*out*/, response_detail /*detail*/,
                      std::string_view /*message*/) {}
  /// True when comments may be sent while the backend is silent, now.
  virtual bool may_keep_alive() const { return false; }
  /// Known before the backend has answered: the client gets an event stream, and may have its head
  /// with comments while the backend is silent. Asked when all of the request has gone out.
  virtual bool promises_events() { return false; }
  /// After `bad`: what was wrong, for client and log.
  const std::string& problem() const noexcept { return problem_; }
  /// After `bad`: the error that the backend itself has told; nothing: what it sent was no answer.
  virtual std::optional<told_error> reported() const { return {}; }
  /// Tokens, as the backend has said once the answer is complete; -1: it has not.
  virtual std::int64_t prompt_tokens() const noexcept { return -1; }
  virtual std::int64_t completion_tokens() const noexcept { return -1; }

protected:
  progress refuse(std::string why) {
    problem_ = std::move(why);
    return progress::bad;
  }

private:
  std::string problem_;
};

} // namespace synapse::http
