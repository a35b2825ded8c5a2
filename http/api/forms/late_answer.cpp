#include "http/api/forms/late_answer.hpp"

namespace synapse::api {

using progress = http::answer_translator::progress;

progress late_answer::checked(progress how) {
  return how == progress::bad ? refuse(inner_->problem()) : how;
}

http::answer_translator& late_answer::made() {
  if (!inner_)
    inner_ = make_();
  return *inner_;
}

progress late_answer::begin(const http::response_head& answer) {
  return checked(made().begin(answer));
}

progress late_answer::take(std::string_view bytes, std::string& out) {
  return checked(inner_->take(bytes, out));
}

progress late_answer::finish(std::string& out) {
  return checked(inner_->finish(out));
}

} // namespace synapse::api
