#include "config/schema.hpp"

namespace synapse::config {

namespace {

constexpr value_range count_of(double most) {
  return ranges::off_or_between(1, most);
}

const field<catalog_model> name_fields[] = {
    {"aliases", &catalog_model::aliases, ranges::any, "further names of the same, up to 16"},
    {"hidden", &catalog_model::hidden, ranges::any, "left out of lists of models"},
};

const field<spill_settings> spill_fields[] = {
    {"wait", &spill_settings::wait, ranges::between(0, ranges::hour),
     "a tier is left when a turn there takes longer; 0 = when there is none at once"},
    {"queue", &spill_settings::queue, ranges::between(0, 1'000'000),
     "or when more requests wait inside the backend"},
};

const field<deployment_settings> deployment_fields[] = {
    {"id", &deployment_settings::id, ranges::any,
     "name in metrics and headers; unique in the whole catalog", "backend/model"},
    {"backend", &deployment_settings::backend, ranges::any, "one of `backends`", "required"},
    {"model", &deployment_settings::model, ranges::any,
     "its name there; `*` = what the name's stars have matched, in order", "required"},
    {"order", &deployment_settings::order, ranges::between(0, 1'000'000), "tier; lower ones first"},
    {"weight", &deployment_settings::weight, ranges::between(0, 1'000'000),
     "share within its tier; 0 = only by id"},
    {"rpm", &deployment_settings::rpm, count_of(1e9), "requests per minute; 0 = no limit"},
    {"tpm", &deployment_settings::tpm, count_of(1e12), "tokens per minute; 0 = no limit"},
    {"max_requests", &deployment_settings::max_requests, count_of(1e6),
     "requests at once; 0 = no limit but the backend's"},
    {"tags", &deployment_settings::tags, ranges::any,
     "a request's tags have to be among these; up to 16"},
    {"context", &deployment_settings::context, count_of(1e9),
     "tokens of a prompt with its answer; 0 = as the backend says"},
    {"attempts", &deployment_settings::attempts, count_of(20),
     "of one request at most; 0 = as in `routing`"},
    {"failures", &deployment_settings::failures, count_of(10'000),
     "consecutive ones that take it out; 0 = as in `routing.cell`"},
    {"cooldown", &deployment_settings::cooldown, ranges::off_or_between(1, ranges::day),
     "out until one request may try; 0 = as in `routing.cell`"},
};

const field<fallback_settings> fallback_fields[] = {
    {"default", &fallback_settings::defaults, ranges::any,
     "names after those of `any`, for every name"},
};

const field<routing_settings> routing_fields[] = {
    {"deadline", &routing_settings::deadline, ranges::off_or_between(100, ranges::day),
     "for the first byte of an answer, over all attempts; 0 = no limit"},
    {"attempts", &routing_settings::attempts, ranges::between(1, 20), "of one request at most"},
    {"hops", &routing_settings::hops, ranges::between(0, 32), "from name to name at most"},
    {"retry_ratio", &routing_settings::retry_ratio, ranges::between(0, 10),
     "further attempts per request of a name, over 10 s"},
    {"retry_floor", &routing_settings::retry_floor, ranges::between(0, 1'000'000),
     "further attempts of a name in 10 s that are always allowed"},
    {"rewrite_model", &routing_settings::rewrite_model, ranges::any,
     "`model` of an answer is the client's name instead of the backend's; a whole answer above "
     "64 KiB comes in chunks then"},
    {"any_tag", &routing_settings::any_tag, ranges::any,
     "one of a request's tags is enough; else all must be there"},
    {"hedge", &routing_settings::hedge, ranges::any,
     "a second embedding or rerank request when the first is slow; does nothing yet"},
};

const field<cell_settings> cell_fields[] = {
    {"failures", &cell_settings::failures, ranges::between(1, 10'000),
     "consecutive ones that take a deployment out"},
    {"rate", &cell_settings::rate, ranges::between(0.01, 1),
     "or this share of failures in `window`"},
    {"results", &cell_settings::results, ranges::between(1, 100'000), "of at least so many"},
    {"window", &cell_settings::window, ranges::between(100, ranges::hour), "see `rate`"},
    {"cooldown", &cell_settings::cooldown, ranges::between(1, ranges::day),
     "out until one request may try; doubles each time"},
    {"max_cooldown", &cell_settings::max_cooldown, ranges::between(1, ranges::day),
     "as far as this"},
};

const field<gpu_settings> gpu_fields[] = {
    {"vram", &gpu_settings::vram, ranges::bytes_between(ranges::mib, 65'536 * ranges::gib),
     "memory of the card, or of several used as one", "required"},
    {"reserve", &gpu_settings::reserve, ranges::bytes_between(0, 65'536 * ranges::gib),
     "of it, never given to a model"},
    {"min_awake", &gpu_settings::min_awake, ranges::between(0, ranges::day),
     "a model stays awake for so long before another takes its place"},
};

const field<vram_settings> vram_fields[] = {
    {"awake", &vram_settings::awake, ranges::bytes_between(0, 65'536 * ranges::gib),
     "memory of `gpu` that its models take"},
    {"asleep", &vram_settings::asleep, ranges::bytes_between(0, 65'536 * ranges::gib),
     "what stays taken while it sleeps"},
};

const field<sleep_settings> sleep_fields[] = {
    {"idle", &sleep_settings::idle, ranges::off_or_between(1'000, 30 * ranges::day),
     "sleeps after so long without a request; 0 = only to make room"},
    {"level", &sleep_settings::level, ranges::between(1, 2),
     "1 = weights to main memory, 2 = weights are dropped"},
    {"warm_up", &sleep_settings::warm_up, ranges::any,
     "one token after it has woken, before others come"},
    {"wake_timeout", &sleep_settings::wake_timeout, ranges::between(100, ranges::hour),
     "longest wait until it is awake"},
};

} // namespace

template <>
std::span<const field<catalog_model>> fields_of() {
  return name_fields;
}
template <>
std::span<const field<spill_settings>> fields_of() {
  return spill_fields;
}
template <>
std::span<const field<deployment_settings>> fields_of() {
  return deployment_fields;
}
template <>
std::span<const field<fallback_settings>> fields_of() {
  return fallback_fields;
}
template <>
std::span<const field<routing_settings>> fields_of() {
  return routing_fields;
}
template <>
std::span<const field<cell_settings>> fields_of() {
  return cell_fields;
}
template <>
std::span<const field<gpu_settings>> fields_of() {
  return gpu_fields;
}
template <>
std::span<const field<vram_settings>> fields_of() {
  return vram_fields;
}
template <>
std::span<const field<sleep_settings>> fields_of() {
  return sleep_fields;
}

} // namespace synapse::config
