#include "http/dialects/chained_answer.hpp"

namespace synapse::http {

using progress = answer_translator::progress;

progress chained_answer::begin(const response_head& answer) {
  const auto how = first_.begin(answer);
  return how == progress::bad ? refuse(first_.problem()) : how;
}

/// @param how what the first has come to. What it has given before it went bad was good.
progress chained_answer::pass_on(progress how, std::string& out) {
  auto then = progress::more;
  if (!between_.empty())
    then = second_.take(between_, out);
  between_.clear();
  if (then == progress::bad)
    return refuse(second_.problem());
  if (how == progress::bad)
    return refuse(first_.problem());
  if (how == progress::ended && then == progress::more)
    then = second_.finish(out);
  if (then == progress::bad)
    return refuse(second_.problem());
  return how == progress::ended || then == progress::ended ? progress::ended : progress::more;
}

progress chained_answer::take(std::string_view bytes, std::string& out) {
  const auto how = first_.take(bytes, between_);
  return pass_on(how, out);
}

progress chained_answer::finish(std::string& out) {
  const auto how = first_.finish(between_);
  return pass_on(how == progress::bad ? how : progress::ended, out);
}

answer_translator::head chained_answer::client_head() const {
  auto said = second_.client_head();
  said.fields += first_.client_head().fields; // warnings
  said.same_length = false;
  return said;
}

void chained_answer::broken(std::string& out, response_detail detail, std::string_view message) {
  second_.broken(out, detail, message);
}

std::optional<told_error> chained_answer::reported() const {
  auto told = first_.reported();
  return told ? told : second_.reported();
}

} // namespace synapse::http
