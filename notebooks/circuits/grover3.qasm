// Grover's search over eight states for 101, two iterations: found with probability 121/128.
OPENQASM 3.0;
include "stdgates.inc";
qubit[3] q;
bit[3] c;
h q[0]; h q[1]; h q[2];
// first oracle and diffusion
x q[1];
h q[2]; ccx q[0], q[1], q[2]; h q[2];
x q[1];
h q[0]; h q[1]; h q[2];
x q[0]; x q[1]; x q[2];
h q[2]; ccx q[0], q[1], q[2]; h q[2];
x q[0]; x q[1]; x q[2];
h q[0]; h q[1]; h q[2];
// second oracle and diffusion
x q[1];
h q[2]; ccx q[0], q[1], q[2]; h q[2];
x q[1];
h q[0]; h q[1]; h q[2];
x q[0]; x q[1]; x q[2];
h q[2]; ccx q[0], q[1], q[2]; h q[2];
x q[0]; x q[1]; x q[2];
h q[0]; h q[1]; h q[2];
c = measure q;
