// out[chunks][SUMS]
extern "C" __global__ void model_sums(const Model *tasks, unsigned count, double *out)
{
    all_sums(tasks->paths, [&](Word path, unsigned high) {
        return mixed(tasks, count, path, high);
    }, out);
}

// out[paths][2]: value and control of each sample.
extern "C" __global__ void model_paths(const Model *tasks, unsigned count, float *out)
{
    one_path(tasks->paths, [&](Word path, unsigned high) {
        return mixed(tasks, count, path, high);
    }, out);
}
